#!/bin/sh
# vpnc calls this. It leads the networks that the firewall names into the tunnel, and touches nothing else.
set -eu
[ "$reason" = connect ] || exit 0
ip link set dev "$TUNDEV" up mtu 1400
ip addr add "$INTERNAL_IP4_ADDRESS/32" dev "$TUNDEV"
i=0
while [ "$i" -lt "${CISCO_SPLIT_INC:-0}" ]; do
	eval "ip route add \$CISCO_SPLIT_INC_${i}_ADDR/\$CISCO_SPLIT_INC_${i}_MASKLEN dev $TUNDEV src $INTERNAL_IP4_ADDRESS"
	i=$((i + 1))
done
echo "connected as $INTERNAL_IP4_ADDRESS"
