package ast

import "testing"

// The vectors of commands-vpn-aaa-show.md section 1.13.
func TestPasswordHash(t *testing.T) {
	for _, v := range []struct{ password, user, want string }{
		{"", "", "8Ry2YjIyt7RRXU24"},
		{"cisco", "", "2KFQnbNIdI.2KYOU"},
		{"hsc", "", "YtT8/k6Np8F1yz2c"},
		{"test1", "", "TRPEas6f/aa6JSPL"},
		{"password", "", "NuLKvvWGg.x9HEKO"},
		{"0123456789abcdef", "", ".7nfVBEIEu4KbF/1"},
		{"0123456789abcdef", "any", ".7nfVBEIEu4KbF/1"},
		{"cisco1234", "", "Nbxmt7LFbcxtLo.o"},
		{"cisco", "john", "hN7LzeyYjw12FSIU"},
		{"cisco", "jack", "7DrfeZ7cyOj/PslD"},
		{"ripper", "alex", "h3mJrcH0901pqX/m"},
		{"cisco", "cisco", "3USUcOPFUiMCO4Jk"},
		{"cisco", "cisco_customer", "3USUcOPFUiMCO4Jk"},
		{"password", "user", "A5XOy94YKDPXCo7U"},
		{"admin", "admin", "eY/fQXw7Ure8Qrz7"},
		{"01234567", "36", "CC3Lam53t/mHhoE7"},
		{"0123456789abc", "user1234", "f4/.SALxqDo59mfV"},
	} {
		if got := PasswordHash(v.user, v.password); got != v.want {
			t.Errorf("PasswordHash(%q, %q) = %q, want %q", v.user, v.password, got, v.want)
		}
	}
}
