package ike

// EventID names a text of the debug output.
type EventID uint8

// The events, in the order in which a login shows them.
const (
	EvBlock EventID = iota // peer, local
	EvPeerAdded
	EvPeerRef // peer, count, peers
	EvPeerUnref
	EvPeerDeleted
	EvIPsecPeerRef
	EvIPsecPeerUnref
	EvExchange // OAK_MM, ...
	EvSA       // message ID
	EvChecking // transform, priority
	EvEncryption
	EvKeyLength
	EvHash
	EvGroup
	EvAuth
	EvLifeType
	EvLifeVPI // bytes, each with its blank
	EvLifeBasic
	EvUnknownAttr // type, value
	EvNotAcceptable
	EvAcceptable
	EvNoOffers
	EvSANotAcceptable
	EvAuthMethod // identity type
	EvKE
	EvNonce
	EvID
	EvVendorID
	EvDPDPeer
	EvUnityPeer
	EvXauthPeer
	EvNATTVendor
	EvNATHis
	EvNATMine
	EvNATMatchMine
	EvNATNoMatchMine
	EvNATMatchHis
	EvNATNoMatchHis
	EvNATFloat
	EvIDPayload // next, type, protocol, port, length, total
	EvHashPayload
	EvNotify // type, protocol, spi, message ID
	EvNotifyInitial
	EvAuthenticated
	EvStatus
	EvPeerNode
	EvNeedXauth
	EvXauthRequest // attribute
	EvConfigStart  // peer, message ID twice
	EvTransaction  // peer, number
	EvConfigKind
	EvConfigChecking
	EvConfigAttr // name, number
	EvConfigUnsupported
	EvConfigAnswer // peer, message ID
	EvConfigAccepted
	EvNoAddress
	EvQuick
	EvQuickState
	EvProposal  // number
	EvTransform // number, name
	EvTransformAttrs
	EvAuthenticator
	EvEncaps
	EvKeyLen2
	EvSALifeType // seconds, kilobytes
	EvSALifeVPI
	EvSALifeBasic
	EvSAGroup
	EvNotSupported // protocol, transform, hash
	EvProxyUnsupported
	EvAttsNot // next
	EvSkipAnded
	EvAtts
	EvBadSPI
	EvAttsEngine
	EvRequest // part, key message
	EvProxy   // type name, src or dst, identity
	EvQueueEvent
	EvGettingSPI // hex, decimal, peer, local, protocol
	EvAllocEntry
	EvCreating
	EvCreated // the six or eight lines of a pair
	EvInitialize
	EvInitializeSA
	EvDeleteNotify
	EvDeleteShared
	EvBegin // Main Mode, Quick Mode
	EvBeginQuick
	EvRetransmit1
	EvRetransmit2
	EvDeletingSA
	EvDeletePayload
	EvDeletingSPI
	EvDPDHeard
	EvSendNotify
	EvDuplicate
	EvDuplicate2
	EvNoKey
	EvReserved // payload
	EvMalformed
	EvHashMismatch
	EvSARequest
	EvNoSACreated
	EvDropped
	EvReaper
	EvBlank
	EvBlankIPsec
	EvCert // message ID
	EvSig
	events
)

// keyMessage is a message of the key engine as several lines print it: dest or src, local; src or dest, peer; the proxies,
// protocol, transform, life, SPI, connection and key size, flags.
const keyMessage = "  (key eng. msg.) %s= %v, %s= %v,\n    %s_proxy= %v,\n    %s_proxy= %v,\n" +
	"    protocol= %s, transform= %s ,\n    lifedur= %ds and %dkb,\n    spi= 0x%x(%d), conn_id= %d, keysize= %d, flags= 0x%x\n"

// templates are the texts of the debug output (commands-vpn-aaa-show.md section 3), each once. Those of the two logins in 3.2
// and 3.3 are seen; the others are unconfirmed (3.4) or, where that section has none, this box's own.
var templates = [events]template{
	EvBlock:           {ISAKMP, 1, "crypto_isakmp_process_block: src %v, dest %v\n"},
	EvPeerAdded:       {ISAKMP, 1, "VPN Peer: ISAKMP: Added new peer: ip:%v Total VPN Peers:%d\n"},
	EvPeerRef:         {ISAKMP, 1, "VPN Peer: ISAKMP: Peer ip:%v Ref cnt incremented to:%d Total VPN Peers:%d\n"},
	EvPeerUnref:       {ISAKMP, 1, "VPN Peer: ISAKMP: Peer ip:%v Ref cnt decremented to:%d Total VPN Peers:%d\n"},
	EvPeerDeleted:     {ISAKMP, 1, "VPN Peer: ISAKMP: Deleted peer: ip:%v Total VPN peers:%d\n"},
	EvIPsecPeerRef:    {IPsec, 1, "VPN Peer: IPSEC: Peer ip:%v Ref cnt incremented to:%d Total VPN Peers:%d\n"},
	EvIPsecPeerUnref:  {IPsec, 1, "VPN Peer: IPSEC: Peer ip:%v Ref cnt decremented to:%d Total VPN Peers:%d\n"},
	EvExchange:        {ISAKMP, 1, "%s exchange\n"},
	EvSA:              {ISAKMP, 1, "ISAKMP (0): processing SA payload. message ID = %d\n\n"},
	EvChecking:        {ISAKMP, 1, "ISAKMP (0): Checking ISAKMP transform %d against priority %d policy\n"},
	EvEncryption:      {ISAKMP, 1, "ISAKMP:      encryption %s\n"},
	EvKeyLength:       {ISAKMP, 1, "ISAKMP:      keylength of %d\n"},
	EvHash:            {ISAKMP, 1, "ISAKMP:      hash %s\n"},
	EvGroup:           {ISAKMP, 1, "ISAKMP:      default group %d\n"},
	EvAuth:            {ISAKMP, 1, "ISAKMP:      %s\n"},
	EvLifeType:        {ISAKMP, 1, "ISAKMP:      life type in %s\n"},
	EvLifeVPI:         {ISAKMP, 1, "ISAKMP:      life duration (VPI) of %s\n"},
	EvLifeBasic:       {ISAKMP, 1, "ISAKMP:      life duration (basic) of %d\n"},
	EvUnknownAttr:     {ISAKMP, 1, "ISAKMP:      attribute %d\n"},
	EvNotAcceptable:   {ISAKMP, 1, "ISAKMP (0): atts are not acceptable. Next payload is %d\n"},
	EvAcceptable:      {ISAKMP, 1, "ISAKMP (0): atts are acceptable. Next payload is %d\n"},
	EvNoOffers:        {ISAKMP, 1, "ISAKMP (0): no offers accepted!\n"},
	EvSANotAcceptable: {ISAKMP, 1, "ISAKMP (0): SA not acceptable!\n"},
	EvAuthMethod:      {ISAKMP, 1, "ISAKMP (0): SA is doing %s using id type %s\n"},
	EvKE:              {ISAKMP, 1, "ISAKMP (0): processing KE payload. message ID = %d\n\n"},
	EvNonce:           {ISAKMP, 1, "ISAKMP (0): processing NONCE payload. message ID = %d\n\n"},
	EvID:              {ISAKMP, 1, "ISAKMP (0): processing ID payload. message ID = %d\n"},
	EvVendorID:        {ISAKMP, 1, "ISAKMP (0): processing vendor id payload\n\n"},
	EvDPDPeer:         {ISAKMP, 1, "ISAKMP (0): remote peer supports dead peer detection\n\n"},
	EvUnityPeer:       {ISAKMP, 1, "ISAKMP (0): speaking to a Unity client\n\n"},
	EvXauthPeer:       {ISAKMP, 2, "ISAKMP (0): received xauth v6 vendor id\n\n"},
	EvNATTVendor:      {ISAKMP, 1, "ISAKMP (0:0): vendor ID is NAT-T\n"},
	EvNATHis:          {ISAKMP, 1, "ISAKMP (0:0): constructed HIS NAT-D\n"},
	EvNATMine:         {ISAKMP, 1, "ISAKMP (0:0): constructed MINE NAT-D\n"},
	EvNATMatchMine:    {ISAKMP, 1, "ISAKMP (0:0): NAT match MINE hash\n"},
	EvNATNoMatchMine:  {ISAKMP, 1, "ISAKMP (0:0): NAT does not match MINE hash\n"},
	EvNATMatchHis:     {ISAKMP, 1, "ISAKMP (0:0): NAT match HIS hash\n"},
	EvNATNoMatchHis:   {ISAKMP, 1, "ISAKMP (0:0): NAT does not match HIS hash\n"},
	EvNATFloat:        {ISAKMP, 1, "ISAKMP (0:0): Detected port floating\n"},
	EvIDPayload: {ISAKMP, 1, "ISAKMP (0): ID payload\n        next-payload : %d\n        type         : %d\n        protocol     : %d\n" +
		"        port         : %d\n        length       : %d\nISAKMP (0): Total payload length: %d\n"},
	EvHashPayload:       {ISAKMP, 1, "ISAKMP (0): processing HASH payload. message ID = %d\n"},
	EvNotify:            {ISAKMP, 1, "ISAKMP (0): processing NOTIFY payload %d protocol %d\n        spi %d, message ID = %d\n"},
	EvNotifyInitial:     {ISAKMP, 1, "ISAKMP (0): processing notify INITIAL_CONTACT"},
	EvAuthenticated:     {ISAKMP, 1, "ISAKMP (0): SA has been authenticated\n"},
	EvStatus:            {ISAKMP, 1, "return status is %s\n"},
	EvPeerNode:          {ISAKMP, 1, "ISAKMP: Created a peer node for %v\n"},
	EvNeedXauth:         {ISAKMP, 1, "ISAKMP (0:0): Need XAUTH\n"},
	EvXauthRequest:      {ISAKMP, 1, "ISAKMP/xauth: request attribute %s\n"},
	EvConfigStart:       {ISAKMP, 1, "ISAKMP (0:0): initiating peer config to %v. ID = %d (0x%x)\n"},
	EvTransaction:       {ISAKMP, 1, "ISAKMP (0:0): processing transaction payload from %v. message ID = %d\n"},
	EvConfigKind:        {ISAKMP, 1, "ISAKMP: Config payload %s\n"},
	EvConfigChecking:    {ISAKMP, 1, "ISAKMP (0:0): checking request:\n"},
	EvConfigAttr:        {ISAKMP, 1, "ISAKMP: attribute    %s (%d)\n"},
	EvConfigUnsupported: {ISAKMP, 1, "        Unsupported Attr: %d\n"},
	EvConfigAnswer:      {ISAKMP, 1, "ISAKMP (0:0): responding to peer config from %v. ID = %d\n"},
	EvConfigAccepted:    {ISAKMP, 1, "ISAKMP (0:0): peer accepted the address!\n"},
	EvNoAddress:         {ISAKMP, 1, "ISAKMP (0:0): no address available...\n"},
	EvQuick:             {ISAKMP, 1, "oakley_process_quick_mode:\n"},
	EvQuickState:        {ISAKMP, 1, "%s"},
	EvProposal:          {ISAKMP, 1, "ISAKMP : Checking IPSec proposal %d\n\n"},
	EvTransform:         {ISAKMP, 1, "ISAKMP: transform %d, %s\n"},
	EvTransformAttrs:    {ISAKMP, 1, "ISAKMP:   attributes in transform:\n"},
	EvAuthenticator:     {ISAKMP, 1, "ISAKMP:      authenticator is %s\n"},
	EvEncaps:            {ISAKMP, 1, "ISAKMP:      encaps is %d\n"},
	EvKeyLen2:           {ISAKMP, 1, "ISAKMP:      key length is %d\n"},
	EvSALifeType:        {ISAKMP, 1, "ISAKMP:      SA life type in %s\n"},
	EvSALifeVPI:         {ISAKMP, 1, "ISAKMP:      SA life duration (VPI) of %s\n"},
	EvSALifeBasic:       {ISAKMP, 1, "ISAKMP:      SA life duration (basic) of %d\n"},
	EvSAGroup:           {ISAKMP, 1, "ISAKMP:      group is %d\n"},
	EvNotSupported:      {IPsec, 1, "IPSEC(validate_proposal): transform proposal (prot %d, trans %d, hmac_alg %d) not supported\n\n"},
	EvProxyUnsupported:  {IPsec, 1, "IPSEC(validate_transform_proposal): proxy identities not supported\n"},
	EvAttsNot:           {ISAKMP, 1, "ISAKMP (0): atts not acceptable. Next payload is %d\n"},
	EvSkipAnded:         {ISAKMP, 1, "ISAKMP (0): skipping next ANDED proposal (%d)\n"},
	EvAtts:              {ISAKMP, 1, "ISAKMP (0): atts are acceptable.\n"},
	EvBadSPI:            {ISAKMP, 1, "ISAKMP (0): bad SPI size of %d octets!\n"},
	EvAttsEngine:        {ISAKMP, 1, "ISAKMP (0): atts are acceptable."},
	EvRequest:           {IPsec, 1, "IPSEC(validate_proposal_request): proposal part #%d,\n" + keyMessage + "\n"},
	EvProxy:             {ISAKMP, 1, "ISAKMP (0): %s %s %v prot %d port %d%s"},
	EvQueueEvent:        {IPsec, 1, "IPSEC(key_engine): got a queue event...\n"},
	EvGettingSPI:        {IPsec, 1, "IPSEC(spi_response): getting spi 0x%x(%d) for SA\n        from %v to %v for prot %d\n\n"},
	EvAllocEntry:        {IPsec, 1, "map_alloc_entry: allocating entry %d\n"},
	EvCreating:          {ISAKMP, 1, "\nISAKMP (0): Creating IPSec SAs\n"},
	EvCreated: {ISAKMP, 1, "        %s SA from %v to %v (proxy %v to %v)\n        has spi %d and conn_id %d and flags %x\n" +
		"%s"},
	EvInitialize:   {IPsec, 1, "IPSEC(initialize_sas): ,\n"},
	EvInitializeSA: {IPsec, 1, keyMessage},
	EvDeleteNotify: {IPsec, 1, "IPSEC(key_engine_delete_sas): rec'd delete notify from ISAKMP\n"},
	EvDeleteShared: {IPsec, 1, "IPSEC(key_engine_delete_sas): delete all SAs shared with %v\n\n"},

	EvBegin:         {ISAKMP, 1, "ISAKMP (0): beginning %s exchange\n"},
	EvBeginQuick:    {ISAKMP, 1, "ISAKMP (0): beginning Quick Mode exchange, M-ID of %d:%x\n"},
	EvRetransmit1:   {ISAKMP, 1, "ISAKMP (0): retransmitting phase 1...\n"},
	EvRetransmit2:   {ISAKMP, 1, "ISAKMP (0): retransmitting phase 2...\n"},
	EvDeletingSA:    {ISAKMP, 1, "ISAKMP (0): deleting SA: src %v, dst %v\n"},
	EvDeletePayload: {ISAKMP, 1, "ISAKMP (0): processing DELETE payload. message ID = %d, spi size = %d\n"},
	EvDeletingSPI:   {ISAKMP, 1, "ISAKMP (0): deleting spi %d message ID = %d\n"},
	EvDPDHeard:      {ISAKMP, 1, "ISAKMP (0): received DPD_R_U_THERE from peer %v\n"},
	EvSendNotify:    {ISAKMP, 1, "ISAKMP (0): sending NOTIFY message %d protocol %d\n"},
	EvDuplicate:     {ISAKMP, 1, "ISAKMP (0:0): phase 1 packet is a duplicate of a previous packet\n"},
	EvDuplicate2:    {ISAKMP, 1, "ISAKMP (0:0): phase 2 packet is a duplicate of a previous packet\n"},
	EvNoKey:         {ISAKMP, 1, "ISAKMP: No cert, and no keys (public or pre-shared) with remote peer %v\n"},
	EvReserved:      {ISAKMP, 1, "ISAKMP: reserved not zero on payload %d!\n"},
	EvMalformed:     {ISAKMP, 1, "ISAKMP: malformed payload: %v\n"},
	EvHashMismatch:  {ISAKMP, 1, "ISAKMP (0): HASH payload of %v does not match\n"},
	EvSARequest:     {IPsec, 1, "IPSEC(sa_request): ,\n" + keyMessage},
	EvNoSACreated:   {IPsec, 1, "IPSEC(sa_initiate): ACL = deny; no sa created\n"},
	EvDropped:       {ISAKMP, 1, "ISAKMP: dropped: %s\n"},
	EvCert:          {ISAKMP, 1, "ISAKMP (0): processing CERT payload. message ID = %d\n"},
	EvSig:           {ISAKMP, 1, "ISAKMP (0): processing SIG payload. message ID = %d\n"},
	EvBlank:         {ISAKMP, 1, "\n"},
	EvBlankIPsec:    {IPsec, 1, "\n"},
	EvReaper:        {ISAKMP, 2, "ISADB: reaper checking SA 0x%x, conn_id = 0\n"},
}
