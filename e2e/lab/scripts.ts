import { CORE_LINK_LOCAL, GATEWAY_LINK_LOCAL, type HostAddresses, type SitePlan } from './addresses.ts'
import type { Site } from './topology.ts'

// Shell scripts that configure a namespace from the inside. Each may run again: after a link went down and up, addresses and
// routes that the kernel forgot are put back by the same script.

/** The routing table for what the user-space gateway has to see. */
const TUN_TABLE = 100

/** The kernel's settings of a namespace that forwards. Runs once, before any link is up. */
export const FORWARDING_SCRIPT = `
ip link set lo up
echo 1 > /proc/sys/net/ipv4/ip_forward
echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > "$f"; done
for f in /proc/sys/net/ipv6/conf/*/accept_dad; do echo 0 > "$f"; done
`

/** The core's side of one site's link. */
export function coreScript(device: string, plan: SitePlan): string {
  return `
ip link set ${device} up
ip addr replace ${plan.coreSide}/30 dev ${device}
ip -6 addr replace ${CORE_LINK_LOCAL}/64 dev ${device} nodad
ip route replace ${plan.routed4} via ${plan.gatewaySide} dev ${device}
${plan.routed6 === undefined ? '' : `ip -6 route replace ${plan.routed6} via ${GATEWAY_LINK_LOCAL} dev ${device}`}
`
}

/** A gateway's link to the core. */
export function gatewayWanScript(plan: SitePlan): string {
  return `
ip link set wan up
ip addr replace ${plan.gatewaySide}/30 dev wan
ip -6 addr replace ${GATEWAY_LINK_LOCAL}/64 dev wan nodad
ip route replace default via ${plan.coreSide} dev wan
ip -6 route replace default via ${CORE_LINK_LOCAL} dev wan
`
}

/** A gateway's LAN: a bridge, so that hosts of one site see each other as on one switch. */
export function gatewayLanScript(plan: SitePlan): string {
  const ports = [...plan.hosts].map((_, index) => `ip link set lan${index} master lan\nip link set lan${index} up`)
  return `
ip link show lan > /dev/null 2>&1 || ip link add lan type bridge
ip link set lan up
${ports.join('\n')}
ip addr replace ${plan.gatewayLan}/24 dev lan
${plan.gatewayLan6 === undefined ? '' : `ip -6 addr replace ${plan.gatewayLan6}/64 dev lan nodad`}
`
}

/** Sends what comes from the LAN (and, for a plain router, from the world) through the TUN device. */
export function tunScript(site: Site, plan: SitePlan): string {
  const from = site.gateway.nat === 'none' ? ['lan', 'wan'] : ['lan']
  const rules = from.flatMap((device) => [`ip rule add iif ${device} lookup ${TUN_TABLE}`, `ip -6 rule add iif ${device} lookup ${TUN_TABLE}`])
  return `
ip link set tun0 up
ip route replace default dev tun0 table ${TUN_TABLE}
ip -6 route replace default dev tun0 table ${TUN_TABLE}
${plan.external === undefined ? '' : `ip route replace ${plan.external}/32 dev tun0`}
${rules.join('\n')}
`
}

/** The kernel's own NAT with the site's times; it drops what nobody asked for, as home routers do, rather than refusing it. */
export function masqueradeScript(site: Site, plan: SitePlan): string {
  const seconds = (ms: number): number => Math.max(1, Math.round(ms / 1000))
  return `
ip addr replace ${plan.external ?? plan.gatewaySide}/32 dev lo
nft -f - <<'RULES'
table ip home {
  chain out {
    type nat hook postrouting priority srcnat
    oifname "wan" snat to ${plan.external ?? plan.gatewaySide}
  }
  chain in {
    type filter hook input priority filter
    iifname "wan" ct state new drop
  }
}
RULES
cd /proc/sys/net/netfilter
echo ${seconds(site.timing.udpIdleMs)} > nf_conntrack_udp_timeout
echo ${seconds(site.timing.udpIdleMs)} > nf_conntrack_udp_timeout_stream
echo ${seconds(site.timing.tcpIdleMs)} > nf_conntrack_tcp_timeout_established
`
}

/** The firewall of a gateway; empty where everything may pass. */
export function firewallScript(site: Site): string {
  const rules = [
    ...(site.gateway.egress === 'no-udp' ? ['iifname "lan" meta l4proto udp counter drop'] : []),
    ...(site.gateway.egress === 'tcp-443-only' ? ['iifname "lan" tcp dport 443 accept', 'iifname "lan" counter drop'] : []),
    ...(site.gateway.statefulFirewall ? ['ct state established,related accept', 'iifname "wan" counter drop'] : [])
  ]
  if (rules.length === 0) return ''
  return `
nft -f - <<'RULES'
table inet firewall {
  chain forward {
    type filter hook forward priority filter
    ${rules.join('\n    ')}
  }
}
RULES
`
}

/** A host's only link. */
export function hostScript(plan: SitePlan, host: HostAddresses, more4: readonly string[] = []): string {
  return `
ip link set lo up
ip link set eth0 up
${[host.ipv4, ...more4].map((address) => `ip addr replace ${address}/${host.ipv4PrefixLength} dev eth0`).join('\n')}
ip route replace default via ${plan.gatewayLan} dev eth0
${host.ipv6 === undefined ? '' : `ip -6 addr replace ${host.ipv6}/64 dev eth0 nodad\nip -6 route replace default via ${plan.gatewayLan6 ?? ''} dev eth0`}
`
}

/** Drops everything on a device without a word, until the table is deleted. */
export function blackHoleScript(device: string): string {
  const chains = (['input', 'output', 'forward'] as const).map((hook) => {
    const rules = [...(hook === 'output' ? [] : [`iifname "${device}" counter drop`]), ...(hook === 'input' ? [] : [`oifname "${device}" counter drop`])]
    return `  chain ${hook} {\n    type filter hook ${hook} priority -300\n    ${rules.join('\n    ')}\n  }`
  })
  return `
nft delete table inet hole-${device} 2> /dev/null || true
nft -f - <<'RULES'
table inet hole-${device} {
${chains.join('\n')}
}
RULES
`
}

/** Ends a black hole, where there is one. */
export function endBlackHoleScript(device: string): string {
  return `nft delete table inet hole-${device} 2> /dev/null || true\n`
}
