package parser

import "strings"

var vpnCommands = []*command{
	cmd("aaa-server", "servers that know the users", newForm[aaaServerGrammar](), newForm[noAAAServerGrammar](),
		"aaa-server TAG protocol tacacs+|radius|local\naaa-server TAG [(IF)] host IP [KEY] [timeout SECONDS]\n"+
			"aaa-server TAG max-failed-attempts N\naaa-server TAG deadtime MINUTES\naaa-server radius-authport|radius-acctport [PORT]\nno aaa-server TAG",
		"aaa-server AuthInbound protocol tacacs+", "aaa-server AuthInbound (inside) host 10.1.1.1 secretkey timeout 10",
		"aaa-server AuthInbound max-failed-attempts 3", "aaa-server AuthInbound deadtime 10", "aaa-server radius-authport 1812"),
	cmd("aaa", "traffic that needs a user", newForm[aaaGrammar](), newForm[noAAAGrammar](),
		"aaa authentication|authorization|accounting include|exclude SERVICE IF|inbound|outbound LOCAL MASK [FOREIGN MASK] TAG\n"+
			"aaa authentication|authorization|accounting match ACL IF TAG\naaa authentication serial|enable|telnet|ssh|http console TAG [LOCAL]\n"+
			"aaa authentication secure-http-client\naaa authorization command TAG [LOCAL]\naaa proxy-limit N|disable\naaa mac-exempt match ID",
		"aaa authentication include http outside 10.1.1.1 255.255.255.255 0.0.0.0 0.0.0.0 AuthInbound",
		"aaa accounting include tcp/8080 inbound 0.0.0.0 0.0.0.0 AuthInbound", "aaa authorization exclude icmp/8 outside 10.1.1.1 255.255.255.255 0.0.0.0 0.0.0.0 AuthInbound",
		"aaa authentication match Users inside AuthInbound", "aaa authentication ssh console AuthInbound LOCAL", "aaa authentication secure-http-client",
		"aaa authorization command LOCAL", "aaa proxy-limit 8", "aaa proxy-limit disable", "aaa mac-exempt match phones"),
	cmd("mac-list", "list of hardware addresses", newForm[macListGrammar](), newForm[noMACListGrammar](),
		"mac-list ID permit|deny MAC MASK", "mac-list phones permit 000a.f331.8222 ffff.ffff.0000"),
	cmd("username", "user of the box", newForm[usernameGrammar](), newForm[noUsernameGrammar](),
		"username NAME nopassword|password PASSWORD [encrypted] [privilege N]", "username admin7 password eY/fQXw7Ure8Qrz7 encrypted privilege 7",
		"username guest nopassword privilege 2"),
	cmd("auth-prompt", "words at the login of users", newForm[authPromptGrammar](), newForm[noAuthPromptGrammar](),
		"auth-prompt [prompt|accept|reject] TEXT", "auth-prompt prompt Who are you?", "auth-prompt reject Not you"),
	cmd("virtual", "address of the box for logging in", newForm[virtualGrammar](), newForm[noVirtualGrammar](),
		"virtual http IP [warn]\nvirtual telnet IP", "virtual http 192.0.2.9 warn", "virtual telnet 192.0.2.9"),
	cmd("url-server", "server that judges URLs", newForm[urlServerGrammar](), newForm[noURLServerGrammar](),
		"url-server [(IF)] [vendor websense] host IP [timeout S] [protocol TCP|UDP [version 1|4]]\nurl-server [(IF)] vendor n2h2 host IP [port N] [timeout S] [protocol TCP|UDP]",
		"url-server (inside) vendor n2h2 host 10.10.10.13 port 4005 timeout 5 protocol TCP",
		"url-server (inside) vendor websense host 10.10.10.14 timeout 5 protocol TCP version 1"),
	cmd("filter", "connections whose content is looked into", newForm[filterGrammar](), newForm[noFilterGrammar](),
		"filter url PORT[-PORT]|http SRC MASK DST MASK [allow] [proxy-block] [longurl-truncate|longurl-deny] [cgi-truncate]\n"+
			"filter ftp PORT SRC MASK DST MASK [allow] [interact-block]\nfilter https PORT SRC MASK DST MASK [allow]\n"+
			"filter java|activex PORT[-PORT] SRC MASK DST MASK\nfilter url except SRC MASK DST MASK",
		"filter url http 0.0.0.0 0.0.0.0 0.0.0.0 0.0.0.0 allow proxy-block longurl-deny cgi-truncate", "filter url except 10.1.1.0 255.255.255.0 0.0.0.0 0.0.0.0",
		"filter ftp 21 0.0.0.0 0.0.0.0 0.0.0.0 0.0.0.0 interact-block", "filter https 443 0.0.0.0 0.0.0.0 0.0.0.0 0.0.0.0 allow",
		"filter java 80-8080 10.1.1.0 255.255.255.0 0.0.0.0 0.0.0.0", "filter activex 80 0.0.0.0 0.0.0.0 0.0.0.0 0.0.0.0"),
	cmd("url-cache", "memory for judgements on URLs", newForm[urlCacheGrammar](), newForm[noURLCacheGrammar](),
		"url-cache dst|src_dst KILOBYTES", "url-cache src_dst 128"),
	cmd("url-block", "memory while URLs are judged", newForm[urlBlockGrammar](), newForm[noURLBlockGrammar](),
		"url-block block N\nurl-block url-mempool KILOBYTES\nurl-block url-size KILOBYTES", "url-block block 64", "url-block url-mempool 1500", "url-block url-size 4"),
	cmd("vpdn", "PPTP and L2TP users, and PPPoE", newForm[vpdnGrammar](), newForm[noVPDNGrammar](),
		"vpdn enable IF\nvpdn group G accept dialin pptp|l2tp\nvpdn group G request dialout pppoe\nvpdn group G localname USER\n"+
			"vpdn group G ppp authentication pap|chap|mschap\nvpdn group G ppp encryption mppe 40|128|auto [required]\n"+
			"vpdn group G client configuration address local POOL\nvpdn group G client configuration dns|wins IP [IP]\n"+
			"vpdn group G client authentication local|aaa TAG\nvpdn group G client accounting TAG\nvpdn group G pptp echo SECONDS\n"+
			"vpdn group G l2tp tunnel hello SECONDS\nvpdn username USER password PASSWORD [store-local]",
		"vpdn enable outside", "vpdn group 1 accept dialin pptp", "vpdn group isp request dialout pppoe", "vpdn group isp localname joe",
		"vpdn group 1 ppp authentication mschap", "vpdn group 1 ppp encryption mppe auto required", "vpdn group 1 client configuration address local VPNpool",
		"vpdn group 1 client configuration dns 10.1.1.1 10.1.1.2", "vpdn group 1 client authentication aaa AuthInbound", "vpdn group 1 client authentication local",
		"vpdn group 1 client accounting AuthInbound", "vpdn group 1 pptp echo 60", "vpdn group 1 l2tp tunnel hello 60", "vpdn username joe password secret store-local"),
	cmd("vpnclient", "the box as client of another one", newForm[vpnClientGrammar](), newForm[noVPNClientGrammar](),
		"vpnclient server IP {IP}\nvpnclient mode client-mode|network-extension-mode\nvpnclient vpngroup GROUP password KEY\n"+
			"vpnclient username USER password PASSWORD\nvpnclient management clear\nvpnclient management tunnel IP MASK {IP MASK}\n"+
			"vpnclient mac-exempt MAC MASK {MAC MASK}\nvpnclient nem-st-autoconnect\nvpnclient enable\nvpnclient connect|disconnect",
		"vpnclient server 192.0.2.7 192.0.2.8", "vpnclient mode client-mode", "vpnclient vpngroup staff password *****", "vpnclient username joe password *****",
		"vpnclient management clear", "vpnclient management tunnel 192.0.2.0 255.255.255.0", "vpnclient mac-exempt 000a.f331.8222 ffff.ffff.ffff",
		"vpnclient nem-st-autoconnect", "vpnclient enable"),
	cmd("ca", "certificates", newForm[caGrammar](), newForm[noCAGrammar](),
		"ca identity NICK [HOST[:SCRIPT] [LDAP_HOST]]\nca configure NICK ca|ra MINUTES TRIES [crloptional]\nca subject-name NICK NAME\nca verifycertdn NAME\n"+
			"ca authenticate NICK [FINGERPRINT]\nca enroll NICK CHALLENGE [serial] [ipaddress]\nca crl request NICK\n"+
			"ca generate rsa key|specialkey MODULUS\nca save all\nca zeroize rsa [NAME]",
		"ca identity myca 192.0.2.30:/certsrv/mscep/mscep.dll 192.0.2.31", "ca configure myca ra 1 20 crloptional", "ca subject-name myca CN=pix.example.com, O=Example",
		"ca verifycertdn CN*example"),
	cmd("crypto ipsec", "how packets of a tunnel are protected", newForm[transformSetGrammar](), newForm[noTransformSetGrammar](),
		"crypto ipsec transform-set NAME TRANSFORM [TRANSFORM [TRANSFORM]]\n\tTRANSFORM: ah-md5-hmac|ah-sha-hmac, esp-des|esp-3des|esp-aes|esp-aes-192|esp-aes-256|esp-null, esp-md5-hmac|esp-sha-hmac\n"+
			"crypto ipsec transform-set NAME mode transport|tunnel\n"+
			"crypto ipsec security-association lifetime [seconds N] [kilobytes N]",
		"crypto ipsec transform-set myset esp-des esp-md5-hmac", "crypto ipsec transform-set myset mode transport",
		"crypto ipsec security-association lifetime seconds 3600", "crypto ipsec security-association lifetime kilobytes 50000"),
	cmd("crypto dynamic-map", "template of a tunnel to a peer not known before", newForm[dynamicMapGrammar](), newForm[noDynamicMapGrammar](),
		"crypto dynamic-map NAME SEQ match address ACL\ncrypto dynamic-map NAME SEQ set peer IP\ncrypto dynamic-map NAME SEQ set pfs [group1|group2|group5]\n"+
			"crypto dynamic-map NAME SEQ set transform-set SET {SET}\ncrypto dynamic-map NAME SEQ set security-association lifetime [seconds N] [kilobytes N]", "crypto dynamic-map dynmap 10 set transform-set myset"),
	cmd("crypto map", "which packets go through which tunnel", newForm[cryptoMapGrammar](), newForm[noCryptoMapGrammar](),
		"crypto map NAME SEQ ipsec-isakmp [dynamic NAME]\ncrypto map NAME SEQ ipsec-manual\ncrypto map NAME SEQ match address ACL\ncrypto map NAME SEQ set peer IP|HOST\n"+
			"crypto map NAME SEQ set pfs [group1|group2|group5]\ncrypto map NAME SEQ set transform-set NAME {NAME}\n"+
			"crypto map NAME SEQ set security-association lifetime [seconds N] [kilobytes N]\n"+
			"crypto map NAME SEQ set session-key inbound|outbound ah SPI KEY\ncrypto map NAME SEQ set session-key inbound|outbound esp SPI cipher KEY [authenticator KEY]\n"+
			"crypto map NAME client configuration address initiate|respond\ncrypto map NAME client [token] authentication TAG [LOCAL]\ncrypto map NAME interface IF",
		"crypto map mymap 10 ipsec-isakmp dynamic dynmap", "crypto map mymap 30 ipsec-manual", "crypto map mymap 20 match address 101", "crypto map mymap 20 set peer 192.0.2.7",
		"crypto map mymap 20 set peer gw.example.com", "crypto map mymap 20 set pfs group2", "crypto map mymap 20 set transform-set a b",
		"crypto map mymap 20 set security-association lifetime seconds 3600 kilobytes 4608000",
		"crypto map mymap 30 set session-key inbound esp 300 cipher 0123456789abcdef authenticator 0123456789abcdef0123456789abcdef",
		"crypto map mymap 30 set session-key outbound ah 301 0123456789abcdef0123456789abcdef",
		"crypto map mymap client configuration address respond", "crypto map mymap client authentication AuthInbound",
		"crypto map mymap client token authentication AuthInbound LOCAL", "crypto map mymap interface outside"),
	func() *command {
		c := cmd("isakmp", "how peers agree on keys", newForm[isakmpGrammar](), newForm[noISAKMPGrammar](),
			"isakmp enable IF\nisakmp key KEY address IP [netmask MASK] [no-xauth] [no-config-mode]\nisakmp peer ip IP|fqdn NAME [no-xauth] [no-config-mode]\n"+
				"isakmp identity address|hostname|key-id NAME\nisakmp client configuration address-pool local POOL [IF]\nisakmp keepalive SECONDS [RETRY]\n"+
				"isakmp nat-traversal [SECONDS]\nisakmp policy N authentication pre-share|rsa-sig\n"+
				"isakmp policy N encryption des|3des|aes|aes-192|aes-256\nisakmp policy N hash md5|sha\nisakmp policy N group 1|2|5\nisakmp policy N lifetime SECONDS",
			"isakmp enable outside", "isakmp key cisco address 192.0.2.7 netmask 255.255.255.255 no-xauth no-config-mode", "isakmp identity address",
			"isakmp identity key-id branch7", "isakmp peer ip 192.0.2.7 no-xauth no-config-mode", "isakmp peer fqdn gw.example.com no-xauth",
			"isakmp client configuration address-pool local VPNpool outside", "isakmp keepalive 60 2", "isakmp nat-traversal 20", "isakmp policy 10 encryption 3des",
			"isakmp policy 10 lifetime 86400")
		c.also = []string{"crypto isakmp"}
		return c
	}(),
	cmd("vpngroup", "what a group of VPN clients is given", newForm[vpnGroupGrammar](), newForm[noVPNGroupGrammar](),
		"vpngroup GROUP address-pool POOL\nvpngroup GROUP dns-server|wins-server IP [IP]\nvpngroup GROUP default-domain NAME\nvpngroup GROUP split-tunnel ACL\n"+
			"vpngroup GROUP split-dns NAME {NAME}\nvpngroup GROUP pfs|secure-unit-authentication|user-authentication|device-pass-through\n"+
			"vpngroup GROUP idle-time|max-time SECONDS\nvpngroup GROUP user-idle-timeout H:MM:SS\nvpngroup GROUP authentication-server TAG\n"+
			"vpngroup GROUP backup-server IP {IP}|clear-client-cfg\nvpngroup GROUP password KEY", "vpngroup vpn3000 address-pool VPNpool", "vpngroup vpn3000 dns-server 10.1.1.1 10.1.1.2",
		"vpngroup vpn3000 wins-server 10.1.1.1", "vpngroup vpn3000 default-domain example.com", "vpngroup vpn3000 split-tunnel 101",
		"vpngroup vpn3000 split-dns example.com example.net", "vpngroup vpn3000 pfs", "vpngroup vpn3000 secure-unit-authentication", "vpngroup vpn3000 user-authentication",
		"vpngroup vpn3000 user-idle-timeout 0:10:00", "vpngroup vpn3000 authentication-server AuthInbound", "vpngroup vpn3000 device-pass-through",
		"vpngroup vpn3000 backup-server 192.0.2.8 192.0.2.9", "vpngroup vpn3000 backup-server clear-client-cfg", "vpngroup vpn3000 idle-time 1800",
		"vpngroup vpn3000 max-time 36000", "vpngroup vpn3000 password *****"),
}

// vpnCleared is the commands of this table that `clear` takes whole.
var vpnCleared = strings.Fields("mac-list username auth-prompt virtual url-server filter url-cache url-block vpdn vpnclient ca")

// clearMore is the families of this table behind `clear`.
type clearMore struct {
	Family kw       `parser:"  @( 'auth-prompt' | 'virtual' | 'url-server' | 'filter' | 'url-cache' | 'url-block' | 'vpnclient' | 'ca' )"`
	IKE    kw       `parser:"| 'crypto' @'isakmp'"`
	MACs   kw       `parser:"| @'mac-list'"`
	MAC    listName `parser:"  @@?"`
	Users  kw       `parser:"| @'username'"`
	User   userName `parser:"  @@?"`
	VPDN   kw       `parser:"| @'vpdn'"`
	Groups kw       `parser:"  ( @'group'"`
	Group  vpdnName `parser:"    @@?"`
	Names  kw       `parser:"  | @'username'"`
	Name   userName `parser:"    @@?"`
	If     bool     `parser:"  | @'interface' )?"`
}

func (g *clearMore) name() string {
	if g == nil {
		return ""
	}
	s := string(g.Family + g.IKE + g.MACs + g.Users + g.VPDN)
	switch {
	case g.If:
		return s + " enable"
	case g.Groups+g.Names != "":
		return s + " " + string(g.Groups+g.Names)
	}
	return s
}

func (g *clearMore) id() string {
	if g == nil {
		return ""
	}
	return g.MAC.Text + g.User.Text + g.Group.Text + g.Name.Text
}

// vpnHelp explains the keywords of this table.
var vpnHelp = map[string]string{
	"128": "128 bit keys", "4": "protocol version 4", "40": "40 bit keys",
	"aaa": "by a group of servers", "accept": "calls that are taken; or words after a login", "activex": "cut ActiveX controls out", "all": "keys and certificates",
	"allow": "let pass while no server answers", "authenticate": "get the certificate of the authority", "authenticator": "key of the authentication",
	"block": "blocks that hold answers back", "ca": "certificates; or the authority itself", "cgi-truncate": "ask without what is behind the question mark",
	"chap": "CHAP", "cipher": "key of the cipher", "client-mode": "the network hides behind one address", "command": "which commands a user may give",
	"configure": "how the authority is asked", "connect": "bring the tunnel up", "console": "sessions with the box itself", "crl": "list of revoked certificates",
	"crloptional": "do without the list of revoked certificates", "deadtime": "minutes before a dead server is asked again", "dialin": "calls that come in",
	"dialout": "calls that go out", "disconnect": "take the tunnel down", "dst": "by destination", "echo": "keepalives of PPTP", "enroll": "get a certificate for the box",
	"except": "connections that are not looked into", "fqdn": "peer by name", "generate": "make a key pair", "hello": "keepalives of L2TP", "https": "HTTPS",
	"inbound": "packets that come in; connections from lower levels; or answers from outside", "outbound": "packets that go out; connections from higher levels; or answers from inside",
	"interact-block": "no interactive FTP", "ipaddress": "with the address of the box", "ipsec-manual": "keys by hand", "isakmp": "how peers agree on keys", "java": "cut Java applets out",
	"keepalive": "find dead peers", "key-id": "a name of its own", "l2tp": "L2TP", "LOCAL": "the users of this box", "localname": "user name for the provider",
	"longurl-deny": "refuse long URLs", "longurl-truncate": "ask with the host of long URLs", "mac-exempt": "hardware that needs no login", "management": "who may manage this box",
	"max-failed-attempts": "tries before a server counts as dead", "mode": "what is protected, or how the box takes part", "mppe": "Microsoft's encryption", "mschap": "MS-CHAP",
	"n2h2": "N2H2", "nem-st-autoconnect": "connect by itself", "network-extension-mode": "the network keeps its addresses", "nopassword": "any password will do", "pap": "PAP",
	"port": "port of the server", "ppp": "settings of PPP", "pppoe": "PPP over Ethernet", "prompt": "words before a login", "proxy-block": "no requests to proxies",
	"proxy-limit": "logins of one user that may be open", "ra": "registration authority", "radius-acctport": "port for accounting", "radius-authport": "port for authentication",
	"reject": "words after a failed login", "request": "ask for", "required": "no call without it", "rsa": "RSA keys", "save": "keep in flash memory", "secure-http-client": "logins of HTTP go through HTTPS",
	"serial": "the console port; or the serial number", "session-key": "keys by hand", "specialkey": "one pair for signatures and one for encryption", "src_dst": "by source and destination",
	"store-local": "keep the password in the box", "subject-name": "name for the certificate", "token": "the server knows token cards", "transport": "only what IP carries", "tunnel": "whole packets; or tunnels",
	"url": "judge URLs", "url-mempool": "memory for long URLs", "url-size": "longest URL", "user": "user", "vendor": "make of the server", "verifycertdn": "name in the peer's certificate",
	"version": "version of the protocol", "warn": "tell the user who comes here by hand", "websense": "Websense", "zeroize": "destroy key pairs",
}
