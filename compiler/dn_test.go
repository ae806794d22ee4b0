package compiler

import (
	"fmt"
	"strings"
	"testing"
)

func TestVerifyDN(t *testing.T) {
	subject := map[string][]string{"CN": {"gw.Example"}, "OU": {"Sites", "Clients"}, "O": {"ACME, Inc"}}
	for text, want := range map[string]bool{
		"CN=gw.example": true, "cn = GW.EXAMPLE": true, "CN=gw": false, "CN*gw": true, "CN*xy": false, "CN!gw": true, "CN!=gw.example": false,
		"CN!*example": false, "CN!*other": true, `OU="sites"`: true, "OU!Clients": false, "OU!*Guests": true, "ST=CA": false, "ST!CA": true,
		"CN*gw, OU=Clients": true, "CN*gw, OU=Guests": false,
		"gw": false, "": false, "CN=": false, "XX=1": false, "CN*gw,": false, "=x": false,
	} {
		p, diags := load(t, "ca verifycertdn "+text+"\n")
		holds := len(p.VPN.VerifyDN) > 0
		for i := range p.VPN.VerifyDN {
			d := &p.VPN.VerifyDN[i]
			holds = holds && d.Holds(subject[d.Attr])
		}
		if holds != want {
			t.Errorf("%s: %v, want %v: %+v", text, holds, want, p.VPN.VerifyDN)
		}
		unread := len(p.VPN.VerifyDN) == 1 && p.VPN.VerifyDN[0].Attr == ""
		if text != "" && unread != strings.Contains(fmt.Sprint(diags), "W448") {
			t.Errorf("%s: %v", text, diags)
		}
	}
}
