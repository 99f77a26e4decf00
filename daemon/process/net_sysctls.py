"""/proc/sys/net: the kernel's parameters of one network namespace, those of each interface among them.

The values are those of a container on Linux 6.18 without anybody's own settings.
"""

import errno
import re
from typing import TYPE_CHECKING, Final

from daemon.fs.synthetic import SyntheticFile, SyntheticFolder, SyntheticNode
from daemon.process.status import os_error

if TYPE_CHECKING:
    from daemon.process.net import NetNamespace

NUMBERS: Final = re.compile(r"\s*-?\d+(\s+-?\d+)*\s*")


def _table(text: str) -> dict[str, str]:
    """`name=value` by white space; in a value `|` stands for a tab and `+` for a blank."""
    pairs = (item.split("=", 1) for item in text.split())
    return {name: value.replace("|", "\t").replace("+", " ") for name, value in pairs}


_IPV4: Final = _table(
    """
    accept_local=0 accept_redirects=1 accept_source_route=1 arp_accept=0 arp_announce=0
    arp_evict_nocarrier=1 arp_filter=0 arp_ignore=0 arp_notify=0 bc_forwarding=0 bootp_relay=0
    disable_policy=0 disable_xfrm=0 drop_gratuitous_arp=0 drop_unicast_in_l2_multicast=0
    force_igmp_version=0 forwarding=1 igmpv2_unsolicited_report_interval=10000
    igmpv3_unsolicited_report_interval=1000 ignore_routes_with_linkdown=0 log_martians=0 mc_forwarding=0
    medium_id=0 promote_secondaries=0 proxy_arp=0 proxy_arp_pvlan=0 route_localnet=0 rp_filter=0
    secure_redirects=1 send_redirects=1 shared_media=1 src_valid_mark=0 tag=0
    """
)
_IPV6: Final = _table(
    """
    accept_dad=1 accept_ra=1 accept_ra_defrtr=1 accept_ra_from_local=0 accept_ra_min_hop_limit=1
    accept_ra_min_lft=0 accept_ra_mtu=1 accept_ra_pinfo=1 accept_ra_rt_info_max_plen=0
    accept_ra_rt_info_min_plen=0 accept_ra_rtr_pref=1 accept_redirects=1 accept_source_route=0
    accept_untracked_na=0 addr_gen_mode=0 autoconf=1 dad_transmits=1 disable_ipv6=1 disable_policy=0
    drop_unicast_in_l2_multicast=0 drop_unsolicited_na=0 enhanced_dad=1 force_forwarding=0
    force_mld_version=0 force_tllao=0 forwarding=0 hop_limit=64 ignore_routes_with_linkdown=0
    ioam6_enabled=0 ioam6_id=65535 ioam6_id_wide=4294967295 keep_addr_on_down=0 max_addresses=16
    max_desync_factor=600 mc_forwarding=0 mldv1_unsolicited_report_interval=10000
    mldv2_unsolicited_report_interval=1000 mtu=1500 ndisc_evict_nocarrier=1 ndisc_notify=0 ndisc_tclass=0
    optimistic_dad=0 proxy_ndp=0 ra_defrtr_metric=1024 ra_honor_pio_life=0 ra_honor_pio_pflag=0
    regen_max_retry=3 regen_min_advance=2 router_probe_interval=60 router_solicitation_delay=1
    router_solicitation_interval=4 router_solicitation_max_interval=3600 router_solicitations=-1
    rpl_seg_enabled=0 seg6_enabled=0 seg6_require_hmac=0 suppress_frag_ndisc=1 temp_prefered_lft=86400
    temp_valid_lft=604800 use_oif_addrs_only=0 use_optimistic=0 use_tempaddr=0
    """
)
_NEIGHBOURS: Final = _table(
    """
    anycast_delay=100 app_solicit=0 base_reachable_time=30 base_reachable_time_ms=30000
    delay_first_probe_time=5 gc_stale_time=60 interval_probe_time_ms=5000 locktime=100 mcast_resolicit=0
    mcast_solicit=3 proxy_delay=80 proxy_qlen=64 retrans_time=100 retrans_time_ms=1000 ucast_solicit=3
    unres_qlen=101 unres_qlen_bytes=212992
    """
)
_FLAT: Final = _table(
    """
    core/optmem_max=131072 core/rmem_default=212992 core/rmem_max=212992 core/rps_default_mask=0
    core/somaxconn=4096 core/tstamp_allow_data=1 core/txrehash=1 core/wmem_default=212992
    core/wmem_max=212992 core/xfrm_acq_expires=30 core/xfrm_aevent_etime=10 core/xfrm_aevent_rseqth=2
    core/xfrm_larval_drop=1 ipv4/fib_multipath_hash_fields=7 ipv4/fib_multipath_hash_policy=0
    ipv4/fib_multipath_hash_seed=0 ipv4/fib_multipath_use_neigh=0 ipv4/fib_notify_on_flag_change=0
    ipv4/fwmark_reflect=0 ipv4/icmp_echo_enable_probe=0 ipv4/icmp_echo_ignore_all=0
    ipv4/icmp_echo_ignore_broadcasts=1 ipv4/icmp_errors_use_inbound_ifaddr=0
    ipv4/icmp_ignore_bogus_error_responses=1 ipv4/icmp_msgs_burst=50 ipv4/icmp_msgs_per_sec=1000
    ipv4/icmp_ratelimit=1000 ipv4/icmp_ratemask=6168 ipv4/igmp_link_local_mcast_reports=1
    ipv4/igmp_max_memberships=20 ipv4/igmp_max_msf=10 ipv4/igmp_qrv=2 ipv4/ip_autobind_reuse=0
    ipv4/ip_default_ttl=64 ipv4/ip_dynaddr=0 ipv4/ip_early_demux=1 ipv4/ip_forward=1
    ipv4/ip_forward_update_priority=1 ipv4/ip_forward_use_pmtu=0 ipv4/ip_local_port_range=32768|60999
    ipv4/ip_no_pmtu_disc=0 ipv4/ip_nonlocal_bind=0 ipv4/ip_unprivileged_port_start=0
    ipv4/ipfrag_high_thresh=4194304 ipv4/ipfrag_low_thresh=3145728 ipv4/ipfrag_max_dist=64
    ipv4/ipfrag_time=30 ipv4/nexthop_compat_mode=1 ipv4/ping_group_range=0|2147483647
    ipv4/raw_l3mdev_accept=1 ipv4/route/min_adv_mss=256 ipv4/route/min_pmtu=552 ipv4/route/mtu_expires=600
    ipv4/tcp_abort_on_overflow=0 ipv4/tcp_adv_win_scale=1 ipv4/tcp_allowed_congestion_control=reno+cubic
    ipv4/tcp_app_win=31 ipv4/tcp_autocorking=1 ipv4/tcp_available_congestion_control=reno+cubic
    ipv4/tcp_backlog_ack_defer=1 ipv4/tcp_base_mss=1024 ipv4/tcp_challenge_ack_limit=2147483647
    ipv4/tcp_child_ehash_entries=0 ipv4/tcp_comp_sack_delay_ns=1000000 ipv4/tcp_comp_sack_nr=44
    ipv4/tcp_comp_sack_slack_ns=100000 ipv4/tcp_congestion_control=cubic ipv4/tcp_dsack=1
    ipv4/tcp_early_demux=1 ipv4/tcp_early_retrans=3 ipv4/tcp_ecn=2 ipv4/tcp_ecn_fallback=1
    ipv4/tcp_ecn_option=2 ipv4/tcp_ecn_option_beacon=3 ipv4/tcp_ehash_entries=-262144 ipv4/tcp_fack=0
    ipv4/tcp_fastopen=1 ipv4/tcp_fastopen_blackhole_timeout_sec=0
    ipv4/tcp_fastopen_key=00000000-00000000-00000000-00000000 ipv4/tcp_fin_timeout=60 ipv4/tcp_frto=2
    ipv4/tcp_fwmark_accept=0 ipv4/tcp_invalid_ratelimit=500 ipv4/tcp_keepalive_intvl=75
    ipv4/tcp_keepalive_probes=9 ipv4/tcp_keepalive_time=7200 ipv4/tcp_l3mdev_accept=0
    ipv4/tcp_limit_output_bytes=1048576 ipv4/tcp_max_reordering=300 ipv4/tcp_max_syn_backlog=512
    ipv4/tcp_max_tw_buckets=131072 ipv4/tcp_migrate_req=0 ipv4/tcp_min_rtt_wlen=300 ipv4/tcp_min_snd_mss=48
    ipv4/tcp_min_tso_segs=2 ipv4/tcp_moderate_rcvbuf=1 ipv4/tcp_mtu_probe_floor=48 ipv4/tcp_mtu_probing=0
    ipv4/tcp_no_metrics_save=0 ipv4/tcp_no_ssthresh_metrics_save=1 ipv4/tcp_notsent_lowat=4294967295
    ipv4/tcp_orphan_retries=0 ipv4/tcp_pacing_ca_ratio=120 ipv4/tcp_pacing_ss_ratio=200
    ipv4/tcp_pingpong_thresh=1 ipv4/tcp_plb_cong_thresh=128 ipv4/tcp_plb_enabled=0
    ipv4/tcp_plb_idle_rehash_rounds=3 ipv4/tcp_plb_rehash_rounds=12 ipv4/tcp_plb_suspend_rto_sec=60
    ipv4/tcp_probe_interval=600 ipv4/tcp_probe_threshold=8 ipv4/tcp_recovery=1 ipv4/tcp_reflect_tos=0
    ipv4/tcp_reordering=3 ipv4/tcp_retrans_collapse=1 ipv4/tcp_retries1=3 ipv4/tcp_retries2=15
    ipv4/tcp_rfc1337=0 ipv4/tcp_rmem=4096|131072|6291456 ipv4/tcp_rto_max_ms=120000
    ipv4/tcp_rto_min_us=200000 ipv4/tcp_sack=1 ipv4/tcp_shrink_window=0 ipv4/tcp_slow_start_after_idle=1
    ipv4/tcp_stdurg=0 ipv4/tcp_syn_linear_timeouts=4 ipv4/tcp_syn_retries=6 ipv4/tcp_synack_retries=5
    ipv4/tcp_syncookies=1 ipv4/tcp_thin_linear_timeouts=0 ipv4/tcp_timestamps=1 ipv4/tcp_tso_rtt_log=9
    ipv4/tcp_tso_win_divisor=3 ipv4/tcp_tw_reuse=2 ipv4/tcp_tw_reuse_delay=1000 ipv4/tcp_window_scaling=1
    ipv4/tcp_wmem=4096|16384|4194304 ipv4/tcp_workaround_signed_windows=0 ipv4/udp_child_hash_entries=0
    ipv4/udp_early_demux=1 ipv4/udp_hash_entries=-16384 ipv4/udp_l3mdev_accept=0 ipv4/udp_rmem_min=4096
    ipv4/udp_wmem_min=4096 ipv4/xfrm4_gc_thresh=32768 ipv6/anycast_src_echo_reply=0 ipv6/auto_flowlabels=1
    ipv6/bindv6only=0 ipv6/fib_multipath_hash_fields=7 ipv6/fib_multipath_hash_policy=0
    ipv6/fib_notify_on_flag_change=0 ipv6/flowlabel_consistency=1 ipv6/flowlabel_reflect=0
    ipv6/flowlabel_state_ranges=0 ipv6/fwmark_reflect=0 ipv6/icmp/echo_ignore_all=0
    ipv6/icmp/echo_ignore_anycast=0 ipv6/icmp/echo_ignore_multicast=0 ipv6/icmp/error_anycast_as_unicast=0
    ipv6/icmp/ratelimit=100 ipv6/icmp/ratemask=0-1,3-127 ipv6/idgen_delay=1 ipv6/idgen_retries=3
    ipv6/ioam6_id=16777215 ipv6/ioam6_id_wide=72057594037927935 ipv6/ip6frag_high_thresh=4194304
    ipv6/ip6frag_low_thresh=3145728 ipv6/ip6frag_time=60 ipv6/ip_nonlocal_bind=0
    ipv6/max_dst_opts_length=2147483647 ipv6/max_dst_opts_number=8 ipv6/max_hbh_length=2147483647
    ipv6/max_hbh_opts_number=8 ipv6/route/gc_elasticity=9 ipv6/route/gc_interval=30
    ipv6/route/gc_min_interval=0 ipv6/route/gc_min_interval_ms=500 ipv6/route/gc_thresh=1024
    ipv6/route/gc_timeout=60 ipv6/route/max_size=2147483647 ipv6/route/min_adv_mss=1220
    ipv6/route/mtu_expires=600 ipv6/route/skip_notify_on_dev_down=0 ipv6/seg6_flowlabel=0
    ipv6/xfrm6_gc_thresh=32768 unix/max_dgram_qlen=10
    """
)
_PER_INTERFACE: Final = {
    "ipv4/conf": _IPV4,
    "ipv4/neigh": _NEIGHBOURS,
    "ipv6/conf": _IPV6,
    "ipv6/neigh": _NEIGHBOURS | {"locktime": "0", "retrans_time": "250"},
}
_EXCEPTIONS: Final = _table(
    """
    ipv4/conf/all/accept_redirects=0 ipv4/conf/all/accept_source_route=0 ipv4/conf/lo/disable_policy=1
    ipv4/conf/lo/disable_xfrm=1 ipv6/conf/all/accept_dad=0 ipv6/conf/all/mtu=1280
    ipv6/conf/default/mtu=1280 ipv6/conf/lo/accept_dad=-1 ipv6/conf/lo/use_tempaddr=-1
    """
)
"""Where the loopback and the two that are no interface differ from all others."""
_DISABLE_IPV6: Final = "disable_ipv6"


def _folders(namespace: "NetNamespace", family: str) -> list[str]:
    """What there is a folder of in a family: the interfaces, and the settings for all and for new ones."""
    general = ["all", "default"] if family.endswith("conf") else []
    return [*general, *namespace.interfaces]


def _default(namespace: "NetNamespace", path: str) -> str | None:
    if path in _FLAT:
        return _FLAT[path]
    version, _, rest = path.partition("/")
    kind, _, rest = rest.partition("/")
    interface, _, name = rest.partition("/")
    family = f"{version}/{kind}"
    table = _PER_INTERFACE.get(family)
    if table is None or interface not in _folders(namespace, family):
        return None
    found = namespace.interfaces.get(interface)
    if found is not None and (family, name) == ("ipv6/conf", "mtu"):
        return str(found.mtu)
    if (family, name) == ("ipv6/conf", _DISABLE_IPV6):
        return "1" if found and not any(a.version == 6 for a in found.addresses) else "0"
    return _EXCEPTIONS.get(path, table.get(name))


def read(namespace: "NetNamespace", path: str) -> str | None:
    """The value of `ipv4/conf/eth0/forwarding`, None if there is no such file."""
    default = _default(namespace, path)
    return default if default is None else namespace.sysctls.get(path, default)


def write(namespace: "NetNamespace", path: str, text: str) -> None:
    """Change a value; FileNotFoundError without such a file, EINVAL for words where numbers belong."""
    old = read(namespace, path)
    if old is None:
        raise os_error(errno.ENOENT)
    if NUMBERS.fullmatch(old) and not NUMBERS.fullmatch(text):
        raise os_error(errno.EINVAL)
    namespace.sysctls[path] = "\t".join(text.split()) if "\t" in old else text.strip()
    if path == f"ipv6/conf/all/{_DISABLE_IPV6}":
        for folder in _folders(namespace, "ipv6/conf"):
            namespace.sysctls[f"ipv6/conf/{folder}/{_DISABLE_IPV6}"] = text.strip()


def net_sysctls(namespace: "NetNamespace", prefix: str = "") -> SyntheticFolder:
    """/proc/sys/net, or the part of it under a prefix that ends in a slash."""

    def names() -> list[str]:
        family = prefix.removesuffix("/")
        if family in _PER_INTERFACE:
            return _folders(namespace, family)
        parent, _, _interface = family.rpartition("/")
        if parent in _PER_INTERFACE:
            return list(_PER_INTERFACE[parent])
        below = (
            path[len(prefix) :] for path in (*_FLAT, *_PER_INTERFACE) if path.startswith(prefix)
        )
        return sorted({path.partition("/")[0] for path in below})

    def find(name: str) -> SyntheticNode | None:
        path = prefix + name
        if read(namespace, path) is not None:
            return _file(namespace, path)
        return net_sysctls(namespace, f"{path}/") if name in names() else None

    return SyntheticFolder(names, find)


def _file(namespace: "NetNamespace", path: str) -> SyntheticFile:
    return SyntheticFile(
        lambda: f"{read(namespace, path) or ''}\n".encode(),
        lambda data: write(namespace, path, data.decode("utf-8", "replace").rstrip("\n")),
        mode=0o644,
    )
