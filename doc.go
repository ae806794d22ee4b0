// Package pixfw reads Cisco PIX 6.3 configurations and is that firewall. The module's rooms are in ARCHITECTURE.md; the
// program is cmd/pixfw. This package holds no code, only the tests that hold the house together.
package pixfw
