"""Which function runs for which tool, in which flavours."""

_PACKAGE = "daemon.programs.tools"

# One row per module: names that both flavours have; `name:function` where the function is called otherwise.
_BOTH = {
    "text_cat": "cat tac rev nl tee",
    "text_ends": "head tail",
    "text_count": "wc cksum sum:sum_ crc32 md5sum:checksum sha1sum:checksum sha224sum:checksum "
    "sha256sum:checksum sha384sum:checksum sha512sum:checksum",
    "text_grep": "grep egrep:grep fgrep:grep rgrep:grep",
    "text_fields": "cut paste join tr fold fmt expand unexpand column",
    "text_sort": "sort uniq comm shuf",
    "text_make": "true false yes seq factor nproc clear reset",
    "sed": "sed",
    "text_dump": "od hexdump xxd strings",
    "files_compare": "cmp diff",
    "encode": "base64:base64_ base32 expr split dd",
    "shell_twins": "echo printf test [:test kill",
    "top": "top",
    "awk.main": "awk",
    "compression": "gzip gunzip:gzip zcat:gzip uncompress:gzip bzip2:gzip bunzip2:gzip bzcat:gzip xz:gzip "
    "unxz:gzip xzcat:gzip lzma:gzip unlzma:gzip lzcat:gzip",
    "tar": "tar",
    "stty": "stty",
    "patch": "patch",
    "calculator": "bc",
    "unzip": "unzip",
    "misc_daemons": "crond:idle_daemon syslogd:idle_daemon klogd:idle_daemon taskset setarch:run_program nologin "
    "linux32:run_program linux64:run_program dnsdomainname pwdx lsmod",
    "misc_text": "tree dos2unix unix2dos:dos2unix tsort ts numfmt iconv shred envsubst",
    "misc_system": "dmesg flock getopt run-parts:run_parts start-stop-daemon:start_stop_daemon unshare sysctl who w "
    "users last hostid logger pstree getconf stdbuf tput findmnt lscpu swapon:refuse swapoff:refuse losetup:refuse "
    "insmod:refuse modprobe:refuse rmmod:refuse reboot:refuse poweroff:refuse halt:refuse mesg:succeed ldconfig:succeed "
    "ionice:succeed chrt:succeed nsenter:refuse pivot_root:refuse chattr:succeed "
    "lsattr:succeed fsync:succeed fstrim:refuse",
    "editors.vi": "vi",
    "editors.pager": "less more",
    "account_friendly": "adduser addgroup deluser delgroup",
    "account_passwords": "passwd chpasswd",
    "privileges": "setpriv setuidgid chpst",
    "files_list": "ls",
    "files_make": "mkdir rmdir rm touch mkfifo mknod mktemp truncate fallocate sync",
    "files_copy": "cp mv ln install",
    "files_modes": "chmod chown chgrp",
    "files_stat": "stat du df",
    "paths": "pwd basename dirname readlink realpath pathchk unlink link",
    "mounts": "mount umount mountpoint free",
    "find": "find",
    "system_identity": "id:id_ whoami groups logname hostname uname arch tty env printenv",
    "system_time": "date cal sleep uptime time",
    "system_process": "ps pidof killall pgrep pkill nice renice lsof",
    "wrappers": "timeout nohup setsid chroot su which watch xargs",
}
_BUSYBOX = {
    "shell_twins": "[[:test",
    "text_dump": "hd:hexdump",
    "system_time": "usleep",
    "text_count": "sha3sum:checksum",
}
_GNU = {
    "files_list": "dir:ls vdir:ls",
    "files_stat": "file",
    "editors.nano": "nano",
    "jq.main": "jq",
    "misc_daemons": "cron:idle_daemon rsyslogd:idle_daemon service locale whereis mcookie",
    "misc_system": "update-ca-certificates:update_ca_certificates update-rc.d:succeed invoke-rc.d:succeed "
    "deb-systemd-helper:succeed ldd:succeed locale-gen:succeed localedef:succeed",
    "editors.vi": "vim:vi",
    "account_tools": "useradd usermod userdel groupadd groupmod groupdel",
    "privileges": "gosu su-exec:su_exec runuser",
    "awk.main": "mawk:awk gawk:awk",
    "text_count": "b2sum:checksum",
}


def _rows(flavour: str, *groups: dict[str, str]) -> dict[str, str]:
    rows = {}
    for group in groups:
        for module, names in group.items():
            for word in names.split():
                name, _, function = word.partition(":")
                rows[f"{flavour}/{name}"] = f"{_PACKAGE}.{module}:{function or name}"
    return rows


# Program strings of families that are not the tools' own.
_PACKAGES = {
    "apk": "packages.apk:apk",
    "apt": "packages.apt:apt",
    "dpkg/dpkg": "packages.dpkg:dpkg",
    "dpkg/dpkg-query": "packages.dpkg:dpkg_query",
    "dpkg": "packages.dpkg:quiet",
    "stub": "packages.stubs:stub",
    "python/pip": "packages.languages:pip",
    "node/npm": "packages.languages:npm",
    "node/npx": "packages.languages:npm",
    "node/yarn": "packages.languages:npm",
    "node/corepack": "packages.languages:npm",
    "gnu/yum": "packages.languages:yum",
    "gnu/dnf": "packages.languages:yum",
    "gnu/microdnf": "packages.languages:yum",
}

PROGRAMS = {
    "busybox/busybox": f"{_PACKAGE}.multicall:busybox",
    **_rows("busybox", _BOTH, _BUSYBOX),
    **_rows("gnu", _BOTH, _GNU),
    **{program: f"{_PACKAGE}.{place}" for program, place in _PACKAGES.items()},
}
"""Program string -> "module:function"."""

_ELSEWHERE = "ash sh"
APPLETS = sorted(
    {*_ELSEWHERE.split(), *(key.partition("/")[2] for key in _rows("busybox", _BOTH, _BUSYBOX))}
)
"""What `busybox --list` lists."""
