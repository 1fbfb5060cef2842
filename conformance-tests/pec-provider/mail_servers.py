"""Postfix and Dovecot with folders and ports of their own, on loopback alone, stopped by their process ids. Postfix wants root."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

# Who owns mails: an account that owns nothing else.
OWNER = "nobody"
START_SECONDS_MAX = 30

MAIN = """compatibility_level = 3.6
queue_directory = {work}/postfix/spool
data_directory = {work}/postfix/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {work}/postfix.log
maillog_file_prefixes = {work}
myhostname = posta.gestore.example
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
disable_dns_lookups = yes
smtp_host_lookup = native
default_transport = error:nothing leaves this machine
relay_transport = error:nothing leaves this machine
local_transport = error:no local mail
alias_maps =
local_recipient_maps =
virtual_mailbox_domains = {domains}
virtual_mailbox_maps = texthash:{work}/postfix/mailboxes
virtual_mailbox_base = {work}/mail
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
virtual_mailbox_limit = 0
mailbox_size_limit = 0
message_size_limit = 60000000
smtp_line_length_limit = 0
disable_mime_output_conversion = yes
local_header_rewrite_clients =
smtpd_reject_unlisted_recipient = no
smtpd_sender_login_maps = texthash:{work}/postfix/logins
smtpd_sasl_type = dovecot
smtpd_sasl_path = {work}/dovecot/run/auth-client
smtpd_tls_chain_files = {work}/server.key, {work}/server.pem
smtpd_tls_session_cache_database =
minimal_backoff_time = 5s
maximal_backoff_time = 15s
queue_run_delay = 5s
default_process_limit = 20
smtpd_client_connection_count_limit = 0
"""

# Three doors: for users with their password, for other providers and the world, and for what a provider puts into mailboxes.
MASTER = """127.0.0.1:{submissions} inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes {user}
127.0.0.1:{submission} inet n - n - - smtpd
  -o smtpd_tls_security_level=encrypt {user}
127.0.0.1:{mx} inet n - n - - smtpd
  -o smtpd_relay_restrictions=permit_auth_destination,reject -o content_filter=smtp:[127.0.0.1]:{reception}
127.0.0.1:{inject} inet n - n - - smtpd
  -o smtpd_relay_restrictions=permit_mynetworks,reject -o receive_override_options=no_header_body_checks
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
USER = ("-o smtpd_sasl_auth_enable=yes -o smtpd_sender_restrictions=reject_sender_login_mismatch"
        " -o smtpd_relay_restrictions=permit_sasl_authenticated,reject -o content_filter=smtp:[127.0.0.1]:{access}")

DOVECOT = """base_dir = {work}/dovecot/run
state_dir = {work}/dovecot/state
log_path = {work}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = required
ssl_cert = <{work}/server.pem
ssl_key = <{work}/server.key
mail_location = maildir:{work}/mail/%d/%n/Maildir
first_valid_uid = 1
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {work}/dovecot/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={work}/mail/%d/%n
}}
namespace inbox {{
  inbox = yes
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service auth {{
  unix_listener auth-client {{
    mode = 0666
  }}
}}
"""


def free_ports(names):
    """A free port of loopback for each name."""
    sockets = {name: socket.socket() for name in names}
    for one in sockets.values():
        one.bind(("127.0.0.1", 0))
    ports = {name: one.getsockname()[1] for name, one in sockets.items()}
    for one in sockets.values():
        one.close()
    return ports


class MailServers:
    """Both servers of one run."""

    def __init__(self, work: Path, network, passwords, inner_ports):
        account = pwd.getpwnam(OWNER)
        self.work = work
        self.ports = free_ports(["submissions", "submission", "mx", "inject", "imap", "imaps"])
        self.values = {"work": work, "uid": account.pw_uid, "gid": account.pw_gid, "domains":
                       ", ".join(domain for provider in network.providers for domain in provider.domains)} | self.ports | inner_ports
        self.values["user"] = USER.format(**self.values)
        self.processes = []
        for folder in ("postfix/etc", "postfix/spool", "postfix/data", "dovecot/run", "dovecot/state", "mail"):
            (work / folder).mkdir(parents=True, exist_ok=True)
        shutil.chown(work / "postfix/data", "postfix")
        shutil.chown(work / "mail", account.pw_uid, account.pw_gid)
        network.authority.issue("server", "/CN=localhost", ["subjectAltName=DNS:localhost,IP:127.0.0.1", "extendedKeyUsage=serverAuth"])
        self.write("postfix/etc/main.cf", MAIN)
        self.write("postfix/etc/master.cf", MASTER)
        self.write("dovecot/dovecot.conf", DOVECOT)
        places = {address: "{2}/{0}/Maildir/".format(*address.partition("@")) for address in passwords}
        self.write("postfix/mailboxes", "".join(f"{address} {place}\n" for address, place in places.items()))
        self.write("postfix/logins", "".join(f"{address} {address}\n" for address in passwords))
        self.write("dovecot/users", "".join(f"{address}:{password}\n" for address, password in passwords.items()))

    def write(self, name, text):
        """A file of settings."""
        values = self.values if "{" in text and name.endswith((".cf", ".conf")) else None
        (self.work / name).write_text(text.format(**values) if values else text)

    def start(self):
        """Starts both, and waits until they listen."""
        self.processes.append(subprocess.Popen(["/usr/sbin/dovecot", "-F", "-c", self.work / "dovecot/dovecot.conf"],
                                               stdin=subprocess.DEVNULL, start_new_session=True))
        postfix = ["/usr/sbin/postfix", "-c", self.work / "postfix/etc", "start-fg"]
        log = open(self.work / "postfix.start.log", "wb")
        self.processes.append(subprocess.Popen(postfix, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True))
        deadline = time.monotonic() + START_SECONDS_MAX
        for name, port in self.ports.items():
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                except OSError:
                    if time.monotonic() > deadline or any(one.poll() is not None for one in self.processes):
                        raise RuntimeError(f"the mail servers did not start ({name}); see the logs in {self.work}") from None
                    time.sleep(0.1)

    def stop(self):
        """Ends both by their process ids, Postfix by that of its master."""
        master = self.work / "postfix/spool/pid/master.pid"
        pids = [one.pid for one in self.processes if one.poll() is None]
        if master.exists():
            pids.append(int(master.read_text()))
        for pid in pids:
            try:
                os.kill(pid, signal.SIGTERM)
            except ProcessLookupError:
                pass
        for one in self.processes:
            try:
                one.wait(timeout=20)
            except subprocess.TimeoutExpired:
                one.kill()
