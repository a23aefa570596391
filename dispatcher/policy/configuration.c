/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/configuration.h"

#include "model/duration.h"
#include "policy/laid-down-exceptions.h"
#include "policy/settings.h"

#include <string.h>

/* Whose keys are names of exceptions. */
#define GROUP_EXCEPTIONS "exceptions"

/* A foreign word in a warning, before it is escaped. */
#define SHOWN_MAX 40

/* What GLib's key files take for blanks inside a line. */
#define BLANKS " \t\r\f"

typedef enum { BOOLEAN, DURATION, UUIDS, MODE } Kind;

typedef struct {
    const char *group;
    const char *name; /* unique over all groups, see find_anywhere() */
    Kind kind;
    uint32_t max;          /* a duration's upper bound */
    uint32_t initial;      /* without any file */
    uint32_t strict;       /* in place of what cannot be understood; for a duration at most this */
    const char *rules_out; /* what "false" forbids; NULL: nothing */
} Row;

static const Row rows[] = {
    /* how a machine begins on which nobody has decided about auto-lock yet */
    [KS_CONFIGURATION_AUTO_LOCK] = { "lock", "auto-lock", BOOLEAN, 0, true, true, NULL },
    /* which mode, whatever people choose; KS_MODE_MAX: they choose */
    [KS_CONFIGURATION_MODE] = { "lock", "mode", MODE, 0, KS_MODE_MAX, KS_MODE_MAX,
                                "choosing the mode" },
    /* in the mode drops: disconnecting the VPN with anything unlocks */
    [KS_CONFIGURATION_ANY_DISCONNECT_UNLOCKS] = { "lock", "any-disconnect-unlocks", BOOLEAN, 0,
                                                  false, false, NULL },
    /* the longest pause; 0 means that nobody may pause */
    [KS_CONFIGURATION_PAUSE_MAX] = { "pause", "max", DURATION, KS_CONFIGURATION_PAUSE_LIMIT,
                                     60 * 60, 60 * 60, NULL },
    /* what users may do at all, before polkit is asked who they are */
    [KS_CONFIGURATION_ALLOW_UNLOCK] = { "allow", "unlock", BOOLEAN, 0, true, false, "unlocking" },
    [KS_CONFIGURATION_ALLOW_PAUSE] = { "allow", "pause", BOOLEAN, 0, true, false, "pausing" },
    [KS_CONFIGURATION_ALLOW_LAN_ACCESS] = { "allow", "lan-access", BOOLEAN, 0, true, false,
                                            "LAN access" },
    [KS_CONFIGURATION_ALLOW_AUTO_LOCK_OFF] = { "allow", "auto-lock-off", BOOLEAN, 0, true, false,
                                               "turning auto-lock off" },
    /* how many; which, is in always_on */
    [KS_CONFIGURATION_ALWAYS_ON] = { "vpn", "always-on", UUIDS, KS_ALWAYS_ON_MAX, 0, 0, NULL },
    [KS_CONFIGURATION_ALLOW_ALWAYS_ON] = { "allow", "auto-connect", BOOLEAN, 0, true, false,
                                           "connecting a VPN by itself" },
    [KS_CONFIGURATION_ALLOW_SHARING] = { "allow", "sharing", BOOLEAN, 0, true, false,
                                         "sharing by cable" },
    [KS_CONFIGURATION_ALLOW_EXCEPTIONS] = { "allow", "exceptions", BOOLEAN, 0, true, false,
                                            "exceptions from the lock" },
};

G_STATIC_ASSERT(G_N_ELEMENTS(rows) == KS_CONFIGURATION_KEYS);

struct KsConfiguration {
    uint32_t values[KS_CONFIGURATION_KEYS]; /* booleans; seconds */
    char *sources[KS_CONFIGURATION_KEYS];   /* NULL: the default */
    char **always_on;                       /* NULL: no line says */
    KsExceptions *exceptions;
    bool mode_is_unclear; /* something was to decide it, and nobody knows what */
    GPtrArray *warnings;
};

/* Where we are in a file. */
typedef struct {
    KsConfiguration *configuration;
    const char *path;
    unsigned line;
    char *group; /* of the lines that follow; NULL: none that could be read */
} Place;

/* ---- words ---- */

static char *show(const char *text)
{
    g_autofree char *cut = g_strndup(text, SHOWN_MAX);
    g_autofree char *escaped = g_strescape(cut, NULL);

    return g_strdup_printf("%s%s", escaped, strlen(text) > SHOWN_MAX ? "..." : "");
}

static bool equal_ignoring_case(const char *a, const char *b)
{
    return g_ascii_strcasecmp(a, b) == 0;
}

static bool parse_boolean(const char *text, uint32_t *ret_value)
{
    static const char *const words[][2] = {
        { "false", "true" },
        { "no", "yes" },
        { "off", "on" },
        { "0", "1" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++) {
        for (uint32_t value = 0; value < G_N_ELEMENTS(words[i]); value++) {
            if (equal_ignoring_case(text, words[i][value])) {
                *ret_value = value;
                return true;
            }
        }
    }
    return false;
}

/* Set apart by blanks, commas or semicolons. NULL: they are not UUIDs. */
static char **parse_uuids(const char *text)
{
    g_auto(GStrv) words = g_strsplit_set(text, BLANKS ",;", -1);
    unsigned count = 0;

    for (unsigned i = 0; words[i]; i++)
        if (words[i][0])
            words[count++] = words[i];
        else
            g_free(words[i]);
    words[count] = NULL;
    return ks_settings_read_always_on((const char *const *) words);
}

static bool parse_value(const Row *row, const char *text, uint32_t *ret_value)
{
    uint32_t value;

    switch (row->kind) {
    case BOOLEAN:
        return parse_boolean(text, ret_value);
    case DURATION:
        if (ks_duration_parse(text, &value) < 0 || value > row->max)
            return false;
        *ret_value = value;
        return true;
    case UUIDS: {
        g_auto(GStrv) uuids = parse_uuids(text);

        if (uuids)
            *ret_value = g_strv_length(uuids);
        return uuids != NULL;
    }
    case MODE: {
        KsMode mode = KS_MODE_MAX;

        if (text[0] && !ks_mode_parse(text, &mode))
            return false;
        *ret_value = mode;
        return true;
    }
    }
    return false;
}

static char *describe_kind(const Row *row)
{
    char longest[KS_DURATION_TEXT_SIZE];

    if (row->kind == UUIDS)
        return g_strdup_printf("at most %u UUIDs of VPNs", row->max);
    if (row->kind == MODE)
        return g_strdup("always, vpn, drops or off");
    return row->kind == BOOLEAN ? g_strdup("true or false")
                                : g_strdup_printf("a duration such as 5m, at most %s, or 0",
                                                  ks_duration_text(row->max, longest));
}

/* ---- warnings ---- */

static void add_warning(KsConfiguration *configuration, char *text)
{
    GPtrArray *warnings = configuration->warnings;

    if (warnings->len >= KS_CONFIGURATION_WARNINGS_MAX) {
        g_free(text);
        return;
    }
    if (warnings->len == KS_CONFIGURATION_WARNINGS_MAX - 1) {
        g_free(text);
        text = g_strdup("The configuration has more faults than are listed here.");
    }
    g_ptr_array_add(warnings, text);
}

static void warn(const Place *place, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void warn(const Place *place, const char *format, ...)
{
    g_autofree char *path = g_strescape(place->path, NULL);
    g_autofree char *message = NULL;
    va_list arguments;

    va_start(arguments, format);
    message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    add_warning(place->configuration, g_strdup_printf("%s:%u: %s.", path, place->line, message));
}

/* ---- values ---- */

static void set_value(const Place *place, const Row *row, uint32_t value)
{
    KsConfiguration *configuration = place->configuration;
    size_t key = (size_t) (row - rows);
    g_autofree char *path = g_strescape(place->path, NULL);

    configuration->values[key] = value;
    if (row->kind == MODE)
        configuration->mode_is_unclear = false;
    g_free(configuration->sources[key]);
    configuration->sources[key] =
        place->line > 0 ? g_strdup_printf("%s:%u", path, place->line) : g_steal_pointer(&path);
}

static void set_strict(const Place *place, const Row *row)
{
    uint32_t before = place->configuration->values[row - rows];

    if (row->kind == UUIDS || (row->kind == MODE && before != KS_MODE_MAX))
        return; /* what was said before stands: it connects no other VPN, and is no other mode */
    set_value(place, row, row->kind == DURATION ? MIN(before, row->strict) : row->strict);
    place->configuration->mode_is_unclear |= row->kind == MODE;
}

/* What now holds because a line could not be understood. Owned by the caller. */
static char *describe_outcome(const Place *place, const Row *row)
{
    char text[KS_DURATION_TEXT_SIZE];

    if (!row)
        return g_strdup("the line is not used");
    if (row->kind == MODE)
        return g_strdup("the mode stays as it is, and nobody can choose another");
    if (row->rules_out)
        return g_strdup_printf("%s is not allowed", row->rules_out);
    if (row->kind == UUIDS)
        return g_strdup("the line is not used");
    if (row->kind == BOOLEAN)
        return g_strdup_printf("%s is used", row->strict ? "true" : "false");
    return g_strdup_printf("%s is used",
                           ks_duration_text(place->configuration->values[row - rows], text));
}

static const Row *find(const char *group, const char *name)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++)
        if (g_strcmp0(rows[i].group, group) == 0 && strcmp(rows[i].name, name) == 0)
            return &rows[i];
    return NULL;
}

/* The key that a line most likely meant when group or spelling are wrong: anyone who writes
 * "Unlock = no" or puts it under "[alow]" wants something forbidden, and must not be left open. */
static const Row *find_anywhere(const char *name)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++)
        if (equal_ignoring_case(rows[i].name, name))
            return &rows[i];
    return NULL;
}

static bool is_of_exceptions(const char *group)
{
    return g_strcmp0(group, GROUP_EXCEPTIONS) == 0;
}

static bool is_group(const char *group)
{
    if (is_of_exceptions(group))
        return true;
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++)
        if (g_strcmp0(rows[i].group, group) == 0)
            return true;
    return false;
}

/* ---- lines ---- */

static void read_group(Place *place, const char *line)
{
    size_t length = strlen(line);
    g_autofree char *shown = show(line);

    g_clear_pointer(&place->group, g_free);
    if (line[length - 1] != ']') {
        warn(place, "\"%s\" lacks its closing ]; the lines below it are not used", shown);
        return;
    }
    place->group = g_strndup(line + 1, length - 2);
    if (!is_group(place->group))
        warn(place, "there is no group %s; the lines below it are not used", shown);
}

static void refuse_entry(const Place *place, const char *name, bool is_assignment)
{
    const Row *meant = find_anywhere(name);
    g_autofree char *shown = show(name);
    g_autofree char *outcome = NULL;

    if (meant)
        set_strict(place, meant);
    else if (is_assignment && place->group && !is_group(place->group))
        return; /* the group has been warned of */
    outcome = describe_outcome(place, meant);
    if (!is_assignment)
        warn(place, "neither a [group] nor a line of the form key=value; %s", outcome);
    else if (meant)
        warn(place, "\"%s\" is not known here; \"%s\" in [%s] seems to be meant; %s", shown,
             meant->name, meant->group, outcome);
    else if (place->group)
        warn(place, "\"%s\" is not known in [%s]; %s", shown, place->group, outcome);
    else
        warn(place, "\"%s\" stands in no [group]; %s", shown, outcome);
}

/* One of this name that was read before goes, also when no other can be made of the line. */
static void read_exception(const Place *place, const char *name, const char *value)
{
    KsExceptions *exceptions = place->configuration->exceptions;
    g_autofree char *path = g_strescape(place->path, NULL);
    g_autofree char *source = g_strdup_printf("%s:%u", path, place->line);
    g_autofree char *shown = show(name);
    g_autoptr(GError) error = NULL;

    (void) ks_exceptions_remove(exceptions, name, NULL);
    if (value[0] && !ks_exceptions_lay_down(exceptions, name, value, source, &error))
        warn(place, "\"%s\" in [" GROUP_EXCEPTIONS "] is not in force: %s", shown, error->message);
}

static void read_entry(const Place *place, const char *line)
{
    size_t length = strcspn(line, "=:" BLANKS);
    const char *value = line + length + strspn(line + length, BLANKS);
    g_autofree char *name = g_strndup(line, length);
    bool is_assignment = length > 0 && *value == '=';
    const Row *row = is_assignment ? find(place->group, name) : NULL;
    uint32_t number;

    if (is_assignment)
        value += 1 + strspn(value + 1, BLANKS);
    if (is_assignment && is_of_exceptions(place->group) && !find_anywhere(name)) {
        read_exception(place, name, value);
        return;
    }
    if (!row) {
        refuse_entry(place, name, is_assignment);
        return;
    }
    if (parse_value(row, value, &number)) {
        set_value(place, row, number);
        if (row->kind == UUIDS) {
            g_strfreev(place->configuration->always_on);
            place->configuration->always_on = parse_uuids(value);
        }
    } else {
        g_autofree char *kind = describe_kind(row);
        g_autofree char *outcome = NULL;

        set_strict(place, row);
        outcome = describe_outcome(place, row);
        warn(place, "\"%s\" in [%s] must be %s; %s", row->name, row->group, kind, outcome);
    }
}

static void read_line(Place *place, char *line)
{
    g_strstrip(line);
    if (line[0] == '\0' || line[0] == '#')
        return;
    if (line[0] == '[')
        read_group(place, line);
    else
        read_entry(place, line);
}

/* ---- all of it ---- */

KsConfiguration *ks_configuration_new(void)
{
    KsConfiguration *configuration = g_new0(KsConfiguration, 1);

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++)
        configuration->values[i] = rows[i].initial;
    configuration->exceptions = ks_exceptions_new();
    configuration->warnings = g_ptr_array_new_with_free_func(g_free);
    return configuration;
}

void ks_configuration_free(KsConfiguration *configuration)
{
    if (!configuration)
        return;
    for (unsigned i = 0; i < G_N_ELEMENTS(configuration->sources); i++)
        g_free(configuration->sources[i]);
    g_strfreev(configuration->always_on);
    ks_exceptions_free(configuration->exceptions);
    g_ptr_array_unref(configuration->warnings);
    g_free(configuration);
}

void ks_configuration_read(KsConfiguration *configuration, const char *path, const char *text,
                           size_t length)
{
    Place place = { .configuration = configuration, .path = path };

    if (!g_utf8_validate(text, (gssize) length, NULL)) { /* finds NUL bytes, too */
        ks_configuration_distrust(configuration, path, "is not UTF-8 text");
        return;
    }
    for (const char *end = text + length; text < end;) {
        const char *newline = memchr(text, '\n', (size_t) (end - text));
        size_t line_length = (size_t) ((newline ? newline : end) - text);
        g_autofree char *line = g_strndup(text, line_length);

        place.line++;
        read_line(&place, line);
        text += line_length + (newline ? 1 : 0);
    }
    g_free(place.group);
}

void ks_configuration_distrust(KsConfiguration *configuration, const char *path, const char *reason)
{
    const Place place = { .configuration = configuration, .path = path };
    g_autofree char *shown = g_strescape(path, NULL);
    g_autoptr(GString) ruled_out = g_string_new(NULL);

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        set_strict(&place, &rows[i]);
        if (rows[i].rules_out)
            g_string_append_printf(ruled_out, "%s%s", ruled_out->len > 0 ? ", " : "",
                                   rows[i].rules_out);
    }
    add_warning(configuration,
                g_strdup_printf("%s %s. It is not used, and what it might rule out is ruled out "
                                "until that is mended: %s.",
                                shown, reason, ruled_out->str));
}

bool ks_configuration_auto_lock(const KsConfiguration *configuration)
{
    return configuration->values[KS_CONFIGURATION_AUTO_LOCK];
}

bool ks_configuration_mode(const KsConfiguration *configuration, KsMode *ret_mode)
{
    uint32_t mode = configuration->values[KS_CONFIGURATION_MODE];
    bool rules_out_off = !configuration->values[KS_CONFIGURATION_ALLOW_AUTO_LOCK_OFF];

    if (mode == KS_MODE_MAX)
        return false;
    *ret_mode = mode == KS_MODE_OFF && rules_out_off ? KS_MODE_VPN : (KsMode) mode;
    return true;
}

void ks_configuration_decide_mode(const KsConfiguration *configuration, KsSettings *settings)
{
    KsMode before = settings->mode;

    if (!ks_configuration_mode(configuration, &settings->mode) && before == KS_MODE_OFF &&
        !configuration->values[KS_CONFIGURATION_ALLOW_AUTO_LOCK_OFF])
        settings->mode = KS_MODE_VPN;
    settings->locked |= settings->mode != before && settings->mode == KS_MODE_ALWAYS;
}

const char *ks_configuration_mode_source(const KsConfiguration *configuration)
{
    return configuration->values[KS_CONFIGURATION_MODE] == KS_MODE_MAX &&
                   !configuration->mode_is_unclear
               ? NULL
               : configuration->sources[KS_CONFIGURATION_MODE];
}

bool ks_configuration_any_disconnect_unlocks(const KsConfiguration *configuration)
{
    return configuration->values[KS_CONFIGURATION_ANY_DISCONNECT_UNLOCKS] &&
           configuration->values[KS_CONFIGURATION_ALLOW_UNLOCK];
}

uint32_t ks_configuration_pause_max(const KsConfiguration *configuration)
{
    return configuration->values[KS_CONFIGURATION_ALLOW_PAUSE]
               ? configuration->values[KS_CONFIGURATION_PAUSE_MAX]
               : 0;
}

static char *refuse_mode(const KsConfiguration *configuration)
{
    uint32_t mode = configuration->values[KS_CONFIGURATION_MODE];
    const char *source = configuration->sources[KS_CONFIGURATION_MODE];

    if (mode != KS_MODE_MAX)
        return g_strdup_printf("The administrator of this machine has laid down the mode %s (%s).",
                               ks_mode_name((KsMode) mode), source);
    return configuration->mode_is_unclear
               ? g_strdup_printf("What the administrator of this machine has laid down about the "
                                 "mode cannot be understood (%s). Until that is mended nobody can "
                                 "choose another.",
                                 source)
               : NULL;
}

char *ks_configuration_refusal(const KsConfiguration *configuration, KsConfigurationKey key)
{
    const char *what = rows[key].rules_out;

    if (key == KS_CONFIGURATION_ALLOW_PAUSE && configuration->values[key] &&
        configuration->values[KS_CONFIGURATION_PAUSE_MAX] == 0)
        key = KS_CONFIGURATION_PAUSE_MAX;
    if (key == KS_CONFIGURATION_ALLOW_ALWAYS_ON && configuration->values[key] &&
        configuration->always_on)
        return g_strdup_printf(
            "The administrator of this machine has laid down which VPN is always on (%s).",
            configuration->sources[KS_CONFIGURATION_ALWAYS_ON]);
    if (key == KS_CONFIGURATION_ALLOW_AUTO_LOCK_OFF && configuration->values[key])
        key = KS_CONFIGURATION_MODE;
    if (key == KS_CONFIGURATION_MODE)
        return refuse_mode(configuration);
    if (!what || configuration->values[key])
        return NULL;
    return g_strdup_printf("The administrator of this machine has ruled out %s (%s).", what,
                           configuration->sources[key]);
}

const KsExceptions *ks_configuration_exceptions(const KsConfiguration *configuration)
{
    return configuration->exceptions;
}

const char *const *ks_configuration_always_on(const KsConfiguration *configuration)
{
    static const char *const none[] = { NULL };

    return configuration->values[KS_CONFIGURATION_ALLOW_ALWAYS_ON]
               ? (const char *const *) configuration->always_on
               : none;
}

const char *ks_configuration_always_on_source(const KsConfiguration *configuration)
{
    return configuration->sources[configuration->values[KS_CONFIGURATION_ALLOW_ALWAYS_ON]
                                      ? KS_CONFIGURATION_ALWAYS_ON
                                      : KS_CONFIGURATION_ALLOW_ALWAYS_ON];
}

const char *ks_configuration_source(const KsConfiguration *configuration, KsConfigurationKey key)
{
    return configuration->sources[key];
}

const GPtrArray *ks_configuration_warnings(const KsConfiguration *configuration)
{
    return configuration->warnings;
}
