"""A peer of tunnels with keys set by hand, made of scapy's ESP and AH: pings through them from a network namespace.

Reads a list of tunnels as JSON, and prints for each what has come back."""
import json
import logging
import sys

logging.getLogger("scapy").setLevel(logging.ERROR)
from scapy.config import conf  # noqa: E402
from scapy.layers.inet import ICMP, IP, fragment  # noqa: E402
from scapy.layers.ipsec import AH, ESP, SecurityAssociation  # noqa: E402
from scapy.packet import Raw, bind_layers, raw, split_layers  # noqa: E402
from scapy.sendrecv import AsyncSniffer, send  # noqa: E402

CIPHERS = {"esp-des": "DES", "esp-3des": "3DES", "esp-aes": "AES-CBC", "esp-aes-192": "AES-CBC", "esp-aes-256": "AES-CBC", "esp-null": "NULL"}
MACS = {"esp-md5-hmac": "HMAC-MD5-96", "esp-sha-hmac": "HMAC-SHA1-96", "ah-md5-hmac": "HMAC-MD5-96", "ah-sha-hmac": "HMAC-SHA1-96", "": "NULL"}
conf.verb = 0


class Way:
    """One direction of a tunnel."""

    def __init__(self, q, spi, src, dst):
        head = IP(src=src, dst=dst) if q["tunnel"] else None
        self.esp = self.ah = None
        if q["cipher"]:
            self.esp = SecurityAssociation(ESP, spi=spi, crypt_algo=CIPHERS[q["cipher"]], crypt_key=bytes.fromhex(q["cipher_key"]),
                                           auth_algo=MACS[q["mac"]], auth_key=bytes.fromhex(q["mac_key"]) or None, tunnel_header=head)
            head = None  # AH beside ESP has no header of its own
        if q["ah"]:
            self.ah = SecurityAssociation(AH, spi=spi + 1000, auth_algo=MACS[q["ah"]], auth_key=bytes.fromhex(q["ah_key"]), tunnel_header=head)

    def protect(self, p):
        if self.esp:
            p = IP(raw(self.esp.encrypt(p)))
        if self.ah:
            # When it sees ESP inside, this scapy puts the ICV of AH at the end of that.
            split_layers(IP, ESP, proto=50)
            try:
                p = self.ah.encrypt(IP(raw(p)))
            finally:
                bind_layers(IP, ESP, proto=50)
        return IP(raw(p))

    def open(self, p):
        if self.ah:
            p = IP(raw(self.ah.decrypt(p)))
        if self.esp:
            p = IP(raw(self.esp.decrypt(p)))
        return IP(raw(p))


def ping(q):
    out, back = Way(q, q["spi_out"], q["peer"], q["box"]), Way(q, q["spi_in"], q["box"], q["peer"])
    got = []
    for seq, (size, cut) in enumerate(q["pings"]):
        load = bytes((i * 7 + seq) & 255 for i in range(size))
        p = out.protect(IP(src=q["src"], dst=q["dst"], id=seq + 1, tos=0x10) / ICMP(type=8, id=77, seq=seq) / Raw(load))
        parts = fragment(p, fragsize=cut) if cut else [p]
        wanted = 51 if q["ah"] else 50
        sniffer = AsyncSniffer(iface="eth0", count=1, timeout=10, started_callback=lambda: send(parts),
                               lfilter=lambda f: IP in f and f[IP].proto == wanted and f[IP].dst == q["peer"])
        sniffer.start()
        sniffer.join()
        if not sniffer.results:
            got.append("nothing comes back")
            continue
        r = back.open(IP(raw(sniffer.results[0][IP])))
        ok = r.src == q["dst"] and r.dst == q["src"] and ICMP in r and r[ICMP].type == 0 and r[ICMP].seq == seq and raw(r[ICMP].payload) == load
        got.append("" if ok else r.summary())
    return got


answers = []
for question in json.load(sys.stdin):
    try:
        answers.append(ping(question))
    except Exception as e:  # of any kind: the test has to know
        answers.append(["%s: %s" % (type(e).__name__, e)])
print(json.dumps(answers))
