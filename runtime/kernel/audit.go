package kernel

import (
	"time"

	"pixfw/compiler"
	"pixfw/compiler/nft"
	"pixfw/runtime"
	"pixfw/runtime/audit"
)

// Signatures of ip audit (semantics.md 1.7). The rules pick what may show one: packets that a policy may drop wait in a queue of their own, and
// others are logged. Fragments wait for their limits in the other one, and are looked at there.

var suspects = queueKind{nft.AuditQueue, logCopy, 1024, 8 << 20, queueFlagGSO}

// audited decides about packets that a signature may drop.
func (d *dynamic) audited(batch []queued) []answer {
	out := make([]answer, len(batch))
	seen := make([]Observation, len(batch))
	var log []runtime.Message
	d.mu.Lock()
	for i := range batch {
		q := &batch[i]
		seen[i] = Observation{If: d.fragments.on(q.indev), Reason: Signature, Packet: q.packet}
		var dropped bool
		dropped, out[i], seen[i].Messages = d.look(q, seen[i].If)
		if dropped {
			seen[i].Reason = nft.Audited
		} else {
			out[i] = answer{id: q.id, accept: true}
		}
		log = append(log, seen[i].Messages...)
	}
	d.mu.Unlock()
	if d.observe != nil {
		for i := range seen {
			d.observe(seen[i])
		}
	}
	d.emit(log)
	return out
}

// look looks at a packet in a queue. When it is dropped, a is what becomes of it: a rule answers with a reset where the policy says so, and
// its connection ends. The lock is held.
func (d *dynamic) look(q *queued, in int) (dropped bool, a answer, log []runtime.Message) {
	if in == compiler.None || d.plan == nil || !q.ok {
		return false, a, nil
	}
	f := audit.Look(d.plan, in, &q.packet)
	if !f.Drop {
		return false, a, f.Logs
	}
	a.id = q.id
	if f.Reset {
		a.mark, a.repeat = nft.MarkAudit, true
	}
	if f.Cut {
		f.Logs = append(f.Logs, d.cut(&q.packet, "Deny")...)
	}
	return true, a, f.Logs
}

// cut ends the connection of a packet as it is on the wire. The lock is held.
func (d *dynamic) cut(p *runtime.Packet, reason string) (log []runtime.Message) {
	wire := tuple{p.Proto, p.Src, p.Dst, p.SrcPort, p.DstPort}
	var f flow
	found := false
	err := d.conntrack("end a connection", func(ct *socket) (err error) {
		f, found, err = ct.flow(ctTupleOrig, &wire)
		return err
	})
	if err != nil || !found || !f.ours() {
		return nil // what cannot be found now ends by its time
	}
	log = d.newConn(&f) // its event may still be on the way
	c := d.conns[f.orig]
	if c == nil {
		return log
	}
	c.reason = reason
	if f.stop == 0 {
		f.stop = uint64(time.Now().UnixNano())
	}
	log = append(log, d.drop(f.orig, c, &f)...)
	d.gone[f.orig] = f.id
	_ = d.ns.remove([]flow{f}) // or its time ends it
	return log
}
