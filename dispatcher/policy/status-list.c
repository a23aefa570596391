/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/status-list.h"

#include <string.h>

typedef struct {
    unsigned end; /* of its fields */
    size_t size;  /* bytes of its value */
} Entry;

struct KsStatusList {
    KsStatusToldList *told;
    KsStatusToldList forgotten; /* where nobody remembers */
    GByteArray *fields;
    GArray *entries;   /* Entry */
    GPtrArray *values; /* GVariant, owned; NULL as long as all entries are as they were told */
    size_t size;
};

static void told_list_clear(KsStatusToldList *told)
{
    g_clear_pointer(&told->fields, g_byte_array_unref);
    g_clear_pointer(&told->entries, g_array_unref);
    g_clear_pointer(&told->value, g_variant_unref);
}

void ks_status_told_clear(KsStatusTold *told)
{
    told_list_clear(&told->vpns);
    told_list_clear(&told->servers);
}

static void share(KsStatusToldList *told, GVariant *status, const char *name)
{
    GVariant *part = g_variant_lookup_value(status, name, G_VARIANT_TYPE("aa{sv}"));

    g_variant_unref(told->value);
    told->value = part;
}

void ks_status_told_share(KsStatusTold *told, GVariant *status)
{
    share(&told->vpns, status, "vpns");
    share(&told->servers, status, "servers");
}

KsStatusList *ks_status_list_begin(KsStatusToldList *told)
{
    KsStatusList *list = g_new0(KsStatusList, 1);

    list->told = told ? told : &list->forgotten;
    list->fields = g_byte_array_new();
    list->entries = g_array_new(FALSE, FALSE, sizeof(Entry));
    return list;
}

static unsigned end_of(const GArray *entries, unsigned count)
{
    return count > 0 ? g_array_index(entries, Entry, count - 1).end : 0;
}

/* The entry to come was told with these very fields, in the same place. */
static bool is_as_told(const KsStatusList *list)
{
    const KsStatusToldList *told = list->told;
    unsigned index = list->entries->len;
    unsigned begin = end_of(list->entries, index);
    unsigned told_begin;
    unsigned size = list->fields->len - begin;

    if (!told->value || index >= told->entries->len)
        return false;
    told_begin = end_of(told->entries, index);
    return end_of(told->entries, index + 1) - told_begin == size &&
           memcmp(list->fields->data + begin, told->fields->data + told_begin, size) == 0;
}

static void append_fields(GByteArray *bytes, const KsStatusField *fields, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (fields[i].type == 's')
            g_byte_array_append(bytes, (const uint8_t *) fields[i].text,
                                (unsigned) strlen(fields[i].text) + 1);
        else
            g_byte_array_append(bytes, (const uint8_t *) &fields[i].number,
                                sizeof fields[i].number);
    }
}

static GVariant *make_value(const KsStatusField *fields, unsigned count)
{
    GVariantBuilder builder;
    GVariant *value;

    g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
    for (unsigned i = 0; i < count; i++) {
        GVariant *field = fields[i].type == 's'   ? g_variant_new_string(fields[i].text)
                          : fields[i].type == 'b' ? g_variant_new_boolean(fields[i].number != 0)
                                                  : g_variant_new_uint16(fields[i].number);

        g_variant_builder_add(&builder, "{sv}", fields[i].name, field);
    }
    value = g_variant_ref_sink(g_variant_builder_end(&builder));
    (void) g_variant_get_data(value); /* lets go of the tree */
    return value;
}

/* From here on the list is another one than was told. */
static void take_over_told(KsStatusList *list)
{
    if (list->values)
        return;
    list->values = g_ptr_array_new_with_free_func((GDestroyNotify) g_variant_unref);
    for (unsigned i = 0; i < list->entries->len; i++)
        g_ptr_array_add(list->values, g_variant_get_child_value(list->told->value, i));
}

bool ks_status_list_add(KsStatusList *list, const KsStatusField *fields, unsigned count)
{
    unsigned index = list->entries->len;
    Entry entry = { 0 };
    GVariant *value = NULL;
    bool is_same;

    append_fields(list->fields, fields, count);
    entry.end = list->fields->len;
    is_same = is_as_told(list);
    if (is_same) {
        entry.size = g_array_index(list->told->entries, Entry, index).size;
        if (list->values)
            value = g_variant_get_child_value(list->told->value, index);
    } else {
        value = make_value(fields, count);
        entry.size = g_variant_get_size(value);
    }
    if (list->size + entry.size > KS_STATUS_LIST_MAX) {
        g_byte_array_set_size(list->fields, end_of(list->entries, index));
        g_clear_pointer(&value, g_variant_unref);
        return false;
    }
    if (!is_same)
        take_over_told(list);
    list->size += entry.size;
    g_array_append_val(list->entries, entry);
    if (value)
        g_ptr_array_add(list->values, value);
    return true;
}

static GVariant *value_of(KsStatusList *list)
{
    const KsStatusToldList *told = list->told;
    GVariant *value;

    if (told->value && !list->values && list->entries->len == told->entries->len)
        return g_variant_ref(told->value);
    take_over_told(list);
    value = g_variant_ref_sink(g_variant_new_array(
        G_VARIANT_TYPE_VARDICT, (GVariant **) list->values->pdata, list->values->len));
    (void) g_variant_get_data(value);
    return value;
}

GVariant *ks_status_list_end(KsStatusList *list)
{
    GVariant *value = value_of(list);

    told_list_clear(list->told);
    if (list->told != &list->forgotten) {
        list->told->fields = g_steal_pointer(&list->fields);
        list->told->entries = g_steal_pointer(&list->entries);
        list->told->value = g_variant_ref(value);
    }
    g_clear_pointer(&list->fields, g_byte_array_unref);
    g_clear_pointer(&list->entries, g_array_unref);
    g_clear_pointer(&list->values, g_ptr_array_unref);
    g_free(list);
    return value;
}
