# SPDX-License-Identifier: GPL-2.0-or-later
# imports = [ ./data/packaging/nix/module.nix ]; services.nm-killswitch.enable = true;
{
  config,
  lib,
  pkgs,
  ...
}:

let
  cfg = config.services.nm-killswitch;
in
{
  options.services.nm-killswitch = {
    enable = lib.mkEnableOption "nm-killswitch, a VPN kill switch for NetworkManager";
    package = lib.mkOption {
      type = lib.types.package;
      default = pkgs.callPackage ./package.nix { };
      defaultText = lib.literalExpression "pkgs.callPackage ./package.nix { }";
      description = "The package that is used.";
    };
    settings = lib.mkOption {
      type = lib.types.attrsOf (lib.types.attrsOf lib.types.str);
      default = { };
      example = {
        allow.unlock = "false";
      };
      description = "What the administrator lays down, see nm-killswitch.conf(5).";
    };
  };

  config = lib.mkIf cfg.enable {
    assertions = [
      {
        assertion = config.networking.networkmanager.enable;
        message = "services.nm-killswitch guards the VPNs of NetworkManager: enable networking.networkmanager.";
      }
    ];

    environment.systemPackages = [ cfg.package ];
    environment.etc."nm-killswitch/nm-killswitch.conf".text = lib.generators.toINI { } cfg.settings;
    services.dbus.packages = [ cfg.package ];
    security.polkit.enable = true;

    # NetworkManager of NixOS looks for hooks in /etc, and follows links
    environment.etc."NetworkManager/dispatcher.d/90-nm-killswitch".source =
      "${cfg.package}/libexec/nm-killswitch-dispatcher";
    environment.etc."NetworkManager/dispatcher.d/pre-up.d/90-nm-killswitch".source =
      "${cfg.package}/libexec/nm-killswitch-dispatcher";
    environment.etc."NetworkManager/dispatcher.d/pre-down.d/90-nm-killswitch".source =
      "${cfg.package}/libexec/nm-killswitch-dispatcher";

    # The units come with the package; NixOS ignores their [Install] sections.
    systemd.packages = [ cfg.package ];
    systemd.services.nm-killswitch = {
      wantedBy = [ "sysinit.target" ];
      # a new configuration restarts it: the lock is in the kernel and stays as it is meanwhile
      restartIfChanged = true;
      # the unit's own names no folder, and systemd of NixOS looks for programs in its own alone
      serviceConfig.ExecStartPre = "-+${pkgs.coreutils}/bin/install -d -m 0700 -o root -g root /var/lib/nm-killswitch";
    };
    systemd.sockets.nm-killswitch.wantedBy = [ "sockets.target" ];
    systemd.services.nm-killswitch-sleep.wantedBy = [ "sleep.target" ];
    systemd.services.nm-killswitch-early = {
      wantedBy = [ "sysinit.target" ];
      requiredBy = [ "NetworkManager.service" "systemd-networkd.service" "dhcpcd.service" ];
      # never stopped or restarted by a switch: whatever configures networks requires it and would go along
      restartIfChanged = false;
      stopIfChanged = false;
    };
  };
}
