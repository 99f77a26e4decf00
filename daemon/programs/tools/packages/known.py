"""The packages that can be installed: versions in Alpine and Debian, and the commands that come with them."""

import functools
import re
from typing import NamedTuple


class Package(NamedTuple):
    """A package; `commands` maps a command to the program string of its executable."""

    name: str
    version: str
    commands: dict[str, str]


# name | Alpine's version, or - | Debian's version, or - | commands; a command may name its program with =
_TABLE = """
curl | 8.14.1-r2 | 7.88.1-10+deb12u14 | curl=gnu/curl
wget | 1.25.0-r1 | 1.21.3-1+deb12u1 | wget=gnu/wget
bash | 5.2.37-r0 | 5.2.15-2+b9 | bash=shell/bash
dash | 0.5.12-r3 | 0.5.12-2 | dash=shell/dash
zsh | 5.9-r5 | 5.9-4+b7 | zsh
git | 2.49.1-r0 | 1:2.39.5-0+deb12u2 | git
vim | 9.1.1415-r0 | 2:9.0.1378-2+deb12u2 | vim=gnu/vi vi=gnu/vi
vim-tiny | - | 2:9.0.1378-2+deb12u2 | vi=gnu/vi
nano | 8.4-r0 | 7.2-1+deb12u1 | nano=gnu/nano
less | 679-r0 | 590-2.1~deb12u2 | less=gnu/less
jq | 1.8.0-r0 | 1.6-2.1+deb12u1 | jq=gnu/jq
htop | 3.4.1-r0 | 3.2.2-2 | htop=gnu/top
procps | 4.0.4-r3 | 2:4.0.2-3 | ps=gnu/ps top=gnu/top free=gnu/free uptime=gnu/uptime pgrep=gnu/pgrep pkill=gnu/pkill watch=gnu/watch
procps-ng | 4.0.4-r3 | - | ps=gnu/ps top=gnu/top free=gnu/free uptime=gnu/uptime pgrep=gnu/pgrep pkill=gnu/pkill watch=gnu/watch
psmisc | 23.7-r1 | 23.6-1 | killall=gnu/killall pstree fuser
iproute2 | 6.15.0-r0 | 6.1.0-3 | ip=gnu/ip ss=gnu/ss
iputils | 20240905-r0 | - | ping=gnu/ping
iputils-ping | 20240905-r0 | 3:20221126-1+deb12u1 | ping=gnu/ping ping4=gnu/ping ping6=gnu/ping
net-tools | 2.10-r3 | 2.10-0.1+deb12u2 | ifconfig=gnu/ifconfig netstat=gnu/netstat route=gnu/route arp=gnu/arp
dnsutils | - | 1:9.18.41-1~deb12u1 | dig=gnu/dig nslookup=gnu/nslookup host=gnu/host
bind9-dnsutils | - | 1:9.18.41-1~deb12u1 | dig=gnu/dig nslookup=gnu/nslookup host=gnu/host
bind-tools | 9.20.13-r0 | - | dig=gnu/dig nslookup=gnu/nslookup host=gnu/host
netcat-openbsd | 1.229.1-r0 | 1.219-1 | nc=gnu/nc
netcat-traditional | - | 1.10-47 | nc=gnu/nc
netcat | - | 1.10-47 | nc=gnu/nc
socat | 1.8.0.3-r1 | 1.7.4.4-2 | socat=gnu/socat
telnet | - | 0.17+2.4-2+deb12u1 | telnet=gnu/telnet
traceroute | 2.1.5-r1 | 1:2.1.2-1 | traceroute=gnu/traceroute
tcpdump | 4.99.5-r1 | 4.99.3-1 | tcpdump
nmap | 7.97-r0 | 7.93+dfsg1-1 | nmap
openssh | 10.0_p1-r9 | - | ssh=openssh/ssh scp=openssh/scp sftp ssh-add=openssh/ssh-add ssh-agent ssh-keygen ssh-keyscan=openssh/ssh-keyscan sshd
openssh-client | 10.0_p1-r9 | 1:9.2p1-2+deb12u7 | ssh=openssh/ssh scp=openssh/scp sftp ssh-add=openssh/ssh-add ssh-agent ssh-keygen ssh-keyscan=openssh/ssh-keyscan
openssh-client-default | 10.0_p1-r9 | - | ssh=openssh/ssh scp=openssh/scp ssh-add=openssh/ssh-add ssh-agent ssh-keygen ssh-keyscan=openssh/ssh-keyscan
openssh-server | 10.0_p1-r9 | 1:9.2p1-2+deb12u7 | sshd
openssh-keygen | 10.0_p1-r9 | - | ssh-keygen
openssl | 3.5.4-r0 | 3.0.17-1~deb12u3 | openssl
ca-certificates | 20250911-r0 | 20230311+deb12u1 | update-ca-certificates
tzdata | 2025b-r0 | 2025b-0+deb12u2 |
python3 | 3.12.12-r0 | 3.11.2-1+b1 | python3=python/python
py3-pip | 25.1.1-r0 | - | pip=python/pip pip3=python/pip
python3-pip | - | 23.0.1+dfsg-1 | pip=python/pip pip3=python/pip
python3-venv | - | 3.11.2-1+b1 |
nodejs | 22.16.0-r2 | 18.20.4+dfsg-1~deb12u1 | node=node/node
npm | 11.3.0-r1 | 9.2.0~ds1-1 | npm=node/npm npx=node/npx
yarn | 1.22.22-r1 | - | yarn=node/yarn
gcc | 14.2.0-r6 | 4:12.2.0-3 | gcc cc
g++ | 14.2.0-r6 | 4:12.2.0-3 | g++ c++
make | 4.4.1-r3 | 4.3-4.1 | make
cmake | 3.31.7-r1 | 3.25.1-1 | cmake
build-base | 0.5-r3 | - | gcc cc g++ c++ make
build-essential | - | 12.9 | gcc cc g++ c++ make
musl-dev | 1.2.5-r10 | - |
linux-headers | 6.14.2-r0 | - |
pkg-config | - | 1.8.1-1 | pkg-config
pkgconf | 2.4.3-r0 | 1.8.1-1 | pkgconf pkg-config
autoconf | 2.72-r1 | 2.71-3 | autoconf
automake | 1.17-r1 | 1:1.16.5-1.3 | automake
libtool | 2.5.4-r1 | 2.4.7-7~deb12u1 | libtool
nginx | 1.28.0-r3 | 1.22.1-9+deb12u3 | nginx=nginx/nginx
apache2 | 2.4.65-r0 | 2.4.65-1~deb12u1 | apache2=apache/httpd httpd=apache/httpd
redis | 8.0.4-r0 | 5:7.0.15-1~deb12u6 | redis-server=redis/redis-server redis-cli=redis/redis-cli
redis-tools | - | 5:7.0.15-1~deb12u6 | redis-cli=redis/redis-cli
postgresql-client | 17.6-r0 | 15+248 | psql=postgres/psql pg_dump=postgres/pg_dump pg_isready=postgres/pg_isready
default-mysql-client | - | 1.1.0 | mysql=mysql/mysql mysqldump=mysql/mysqldump
mariadb-client | 11.4.8-r0 | 1:10.11.14-0+deb12u2 | mysql=mysql/mysql mariadb=mysql/mysql
mysql-client | 11.4.8-r0 | - | mysql=mysql/mysql
sqlite | 3.49.2-r1 | - | sqlite3
sqlite3 | - | 3.40.1-2+deb12u2 | sqlite3
tini | 0.19.0-r3 | 0.19.0-1 | tini=docker/init
dumb-init | 1.2.5-r3 | 1.2.5-2 | dumb-init=docker/init
su-exec | 0.2-r3 | - | su-exec=gnu/su-exec
gosu | 1.17-r8 | 1.14-1+b6 | gosu=gnu/gosu
sudo | 1.9.17_p2-r0 | 1.9.13p3-1+deb12u2 | sudo=gnu/sudo
shadow | 4.17.3-r0 | - | useradd=gnu/useradd usermod=gnu/usermod userdel=gnu/userdel groupadd=gnu/groupadd groupmod=gnu/groupmod groupdel=gnu/groupdel
unzip | 6.0-r15 | 6.0-28 | unzip=busybox/unzip
zip | 3.0-r13 | 3.0-13 | zip
tar | 1.35-r3 | 1.34+dfsg-1.2+deb12u1 | tar=gnu/tar
gzip | 1.14-r0 | 1.12-1 | gzip=gnu/gzip gunzip=gnu/gunzip zcat=gnu/zcat
bzip2 | 1.0.8-r6 | 1.0.8-5+b1 | bzip2=gnu/bzip2 bunzip2=gnu/bunzip2 bzcat=gnu/bzcat
xz | 5.8.1-r0 | - | xz=gnu/xz unxz=gnu/unxz xzcat=gnu/xzcat
xz-utils | - | 5.4.1-1 | xz=gnu/xz unxz=gnu/unxz xzcat=gnu/xzcat
file | 5.46-r2 | 1:5.44-3 | file=gnu/file
tree | 2.2.1-r0 | 2.1.0-1 | tree=busybox/tree
lsof | 4.99.4-r0 | 4.95.0-1 | lsof=gnu/lsof
strace | 6.15-r0 | 6.1-0.1 | strace
rsync | 3.4.1-r0 | 3.2.7-1+deb12u2 | rsync
coreutils | 9.7-r1 | 9.1-1 | cat=gnu/cat ls=gnu/ls cp=gnu/cp date=gnu/date stat=gnu/stat sort=gnu/sort
findutils | 4.10.0-r0 | 4.9.0-4 | find=gnu/find xargs=gnu/xargs
grep | 3.12-r0 | 3.8-5 | grep=gnu/grep
sed | 4.9-r2 | 4.9-1 | sed=gnu/sed
gawk | 5.3.2-r0 | 1:5.2.1-2 | gawk=gnu/gawk awk=gnu/awk
gettext | 0.24.1-r0 | 0.21-12 | envsubst=gnu/envsubst
gettext-base | - | 0.21-12 | envsubst=gnu/envsubst
util-linux | 2.41-r9 | 2.38.1-5+deb12u3 | setpriv=gnu/setpriv
bsdmainutils | - | 12.1.8 | cal=gnu/cal
bc | 1.08.2-r0 | 1.07.1-3+b1 | bc
perl | 5.40.3-r0 | 5.36.0-7+deb12u3 | perl=perl/perl
ruby | 3.4.4-r0 | 1:3.1 | ruby
php | - | 2:8.2+93 | php
php-cli | - | 2:8.2+93 | php
go | 1.24.9-r0 | - | go
golang | - | 2:1.19~1 | go
golang-go | - | 2:1.19~1 | go
rust | 1.87.0-r0 | - | rustc
cargo | 1.87.0-r0 | 0.66.0+ds1-1 | cargo
openjdk17-jre | 17.0.17_p10-r0 | - | java
openjdk-17-jre-headless | - | 17.0.17+10-1~deb12u1 | java
default-jre-headless | - | 2:1.17-74 | java
docker-cli | 28.3.3-r2 | - | docker
docker.io | - | 20.10.24+dfsg1-1+deb12u1 | docker
cron | - | 3.0pl1-162 | cron
supervisor | 4.2.5-r5 | 4.2.5-1 | supervisord
gnupg | 2.4.7-r0 | 2.2.40-1.1+deb12u1 | gpg
lsb-release | - | 12.0-1 | lsb_release
apt-transport-https | - | 2.6.1 |
software-properties-common | - | 0.99.30-4.1~deb12u1 | add-apt-repository
locales | - | 2.36-9+deb12u13 | locale-gen
man-db | - | 2.11.2-2 | man
figlet | 2.2.5-r3 | 2.2.5-3+b1 | figlet
cowsay | 3.04-r2 | 3.03+dfsg2-8 | cowsay
fortune-mod | - | 1:1.99.1-7.3 | fortune
sl | 5.05-r0 | 5.02-1+b1 | sl
stress | 1.0.7-r0 | 1.0.7-1 | stress
stress-ng | 0.19.01-r0 | 0.15.06-2 | stress-ng
hello | - | 2.10-3 | hello
"""
_LIBRARY = re.compile(
    r"(lib[a-z0-9.+-]+|[a-z0-9.+-]+-(dev|libs|dbg|doc|common|utils)|(python3|py3|php\d*|ruby|perl)-[a-z0-9.+-]+)"
)
_VERSIONS = {"alpine": "1.0.0-r0", "debian": "1.0.0-1"}


@functools.cache
def packages(family: str) -> dict[str, Package]:
    """Everything that `family` ("alpine" or "debian") offers by name."""
    found = {}
    for line in _TABLE.strip().splitlines():
        name, alpine, debian, commands = (cell.strip() for cell in line.split("|"))
        version = alpine if family == "alpine" else debian
        if version != "-":
            found[name] = Package(name, version, _commands(commands))
    return found


def _commands(text: str) -> dict[str, str]:
    pairs = (word.partition("=") for word in text.split())
    return {command: program or f"stub/{command}" for command, _, program in pairs}


def find(family: str, name: str) -> Package | None:
    """A package by name; libraries and headers are taken to exist, since nothing of ours looks into them."""
    known = packages(family).get(name)
    if known or not _LIBRARY.fullmatch(name):
        return known
    return Package(name, _VERSIONS[family], {})


@functools.cache
def version_of_command(command: str) -> str:
    """The upstream version that a command reports."""
    for family in ("debian", "alpine"):
        for package in packages(family).values():
            if command in package.commands:
                return re.sub(r"^\d+:|[-+~_].*$", "", package.version)
    return "1.0"
