/**
 * A configuration for ALSA, which reads the file named in `ALSA_CONFIG_PATH` instead of its own. With that of the system, PortAudio tries
 * some twenty devices that are not there, which takes 150 to 220 ms and prints as many complaints; with this one, 10 ms.
 *
 * Format: ALSA library API, "Configuration files".
 */

/** ALSA's own, by the name it has wherever it was installed: it knows the sound cards of this machine. */
export const SYSTEM_CONFIG = '<confdir:alsa.conf>\n'

/** The server's devices with names of ours for them. `default` is whatever the server says it is, also when that changes. */
export function pulseConfig(devices: Iterable<readonly [device: string, name: string]>): string {
  const lines = ['pcm.default { type pulse }', 'ctl.default { type pulse }']
  for (const [device, name] of devices) lines.push(`pcm.${name} { type pulse device "${device}" }`)
  return `${lines.join('\n')}\n`
}

/** Whether a name can stand in the file: others could end the quotation and say anything. */
export function isConfigurable(device: string): boolean {
  return /^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/.test(device)
}
