/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "policy/configuration.h"

/* Where the configuration lives, as with NetworkManager; what is read later wins, key by key:
 *
 *   <vendor>/conf.d/NAME.conf      of packages, by name; hidden by a file of that name in <local>
 *   <local>/nm-killswitch.conf     of the administrator
 *   <local>/conf.d/NAME.conf       by name
 *
 * A link to /dev/null or an empty file in <local>/conf.d hides and says nothing.
 *
 * A file is used only if nobody but root can have written it, and so is a folder: as with sudo,
 * what it says decides what others may do. What cannot be used counts as if it ruled everything
 * out (ks_configuration_distrust()); otherwise anyone who breaks a file would lift what it
 * forbids. Root at a terminal can unlock all the same (service/methods.h). */

/* Folders as above. */
#define KS_CONFIGURATION_FILE   "nm-killswitch.conf"
#define KS_CONFIGURATION_FOLDER "conf.d"

/* Per file and per folder; beyond them nobody wrote it by hand. */
#define KS_CONFIGURATION_FILE_SIZE_MAX (64 * 1024)
#define KS_CONFIGURATION_FILES_MAX     64

/* systemd's CONFIGURATION_DIRECTORY, or the built-in folder. Static. */
const char *ks_configuration_local_folder(void);

/* Never NULL; what is wrong is told by its warnings. Folders and files need not exist. */
KsConfiguration *ks_configuration_load(const char *vendor, const char *local);
