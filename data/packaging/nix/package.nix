# SPDX-License-Identifier: GPL-2.0-or-later
{
  lib,
  stdenv,
  c-ares,
  curl,
  gettext,
  glib,
  gtk3,
  json-glib,
  libayatana-appindicator,
  libmnl,
  libnftnl,
  meson,
  networkmanager,
  ninja,
  pkg-config,
  polkit,
  systemd,
  wrapGAppsHook3,
}:

let
  # one place for the version: the build file at the top
  declared = builtins.match ".*[(]'nm-killswitch', 'c',[[:space:]]+version: '([^']+)'.*" (
    builtins.readFile ../../../meson.build
  );
in
stdenv.mkDerivation {
  pname = "nm-killswitch";
  version = builtins.head declared;
  src = lib.cleanSource ../../..;

  nativeBuildInputs = [
    gettext
    glib # glib-compile-resources, gdbus-codegen
    meson
    ninja
    pkg-config
    wrapGAppsHook3
  ];
  buildInputs = [
    c-ares
    curl
    glib
    gtk3
    json-glib
    libayatana-appindicator
    libmnl
    libnftnl
    networkmanager
    polkit # the rules by which its policies are translated
    systemd
  ];

  # tests: they need root and namespaces
  mesonFlags = [
    "-Dtests=false"
    "-Donline=enabled"
    "--libexecdir=libexec"
  ];
  # /etc is the machine's: the module writes it
  postPatch = ''
    substituteInPlace data/meson.build --replace-fail "'/etc/nm-killswitch'" "prefix / 'etc/nm-killswitch'"
  '';
  # units, the guard and the hook need no schemas and no icons
  dontWrapGApps = true;
  preFixup = ''
    wrapGApp $out/bin/nm-killswitch-applet
  '';

  meta = {
    description = "VPN kill switch for NetworkManager, held by the kernel";
    homepage = "https://github.com/nmkillswitch/nm-killswitch";
    license = lib.licenses.gpl2Plus;
    mainProgram = "nm-killswitch";
    platforms = lib.platforms.linux;
  };
}
