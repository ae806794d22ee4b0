"""The peer of TestScapy: protects and opens packets with scapy's ESP and AH. A question a line, as JSON, and its answer."""
import json
import logging
import sys

logging.getLogger("scapy").setLevel(logging.ERROR)
from scapy.layers.inet import IP, UDP, defragment, fragment  # noqa: E402
from scapy.layers.ipsec import AH, ESP, SecurityAssociation  # noqa: E402
from scapy.packet import bind_layers, raw, split_layers  # noqa: E402

CIPHERS = {"esp-des": "DES", "esp-3des": "3DES", "esp-aes": "AES-CBC", "esp-aes-192": "AES-CBC", "esp-aes-256": "AES-CBC", "esp-null": "NULL"}
MACS = {"esp-md5-hmac": "HMAC-MD5-96", "esp-sha-hmac": "HMAC-SHA1-96", "ah-md5-hmac": "HMAC-MD5-96", "ah-sha-hmac": "HMAC-SHA1-96", "": "NULL"}


def association(q, ah, tunnel):
    """Of a question, one of its associations."""
    k = q["ah" if ah else "esp"]
    head = IP(src=q["src"], dst=q["dst"], tos=q["tos"]) if tunnel else None
    udp = UDP(sport=4500, dport=4500, chksum=0) if q["udp"] else None
    if ah:
        return SecurityAssociation(AH, spi=k["spi"], auth_algo=MACS[k["mac"]], auth_key=bytes.fromhex(k["mac_key"]), tunnel_header=head)
    return SecurityAssociation(ESP, spi=k["spi"], crypt_algo=CIPHERS[k["cipher"]], crypt_key=bytes.fromhex(k["cipher_key"]),
                               auth_algo=MACS[k["mac"]], auth_key=bytes.fromhex(k["mac_key"]) or None, tunnel_header=head, nat_t_header=udp)


def beside(esp, ah, p, seq):
    """AH around a packet. When it sees ESP inside, this scapy puts the ICV at the end of that, so it must not see it."""
    if not esp:
        return ah.encrypt(p, seq_num=seq)
    split_layers(IP, ESP, proto=50)
    try:
        return ah.encrypt(IP(raw(p)), seq_num=seq)
    finally:
        bind_layers(IP, ESP, proto=50)


def answer(q):
    tunnel = q["tunnel"]
    packets = [IP(bytes.fromhex(p)) for p in q["packets"]]
    if q["do"] == "fragment":
        return [raw(f) for p in packets for f in fragment(p, fragsize=q["size"])]
    if q["do"] == "whole":
        return [raw(p) for p in defragment(packets)]
    out = []
    esp = association(q, False, tunnel) if q["esp"] else None
    # AH beside ESP is in transport mode: both have one outer header.
    ah = association(q, True, tunnel and not esp) if q["ah"] else None
    for i, p in enumerate(packets):
        if q["do"] == "protect":
            seq = q["seq"] + i
            if esp:
                p = IP(raw(esp.encrypt(p, seq_num=seq)))
            if ah:
                p = beside(esp, ah, p, seq)
        else:
            if ah:
                p = IP(raw(ah.decrypt(p)))
            if esp:
                p = esp.decrypt(p)
        out.append(raw(p))
    return out


for line in sys.stdin:
    try:
        reply = {"packets": [p.hex() for p in answer(json.loads(line))]}
    except Exception as e:  # of any kind: the test has to know
        reply = {"error": "%s: %s" % (type(e).__name__, e)}
    print(json.dumps(reply), flush=True)
