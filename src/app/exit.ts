/** How the process ends, for scripts (spec: front ends, "Exit status"). */
export const ExitStatus = {
  asked: 0,
  /** An export, an import or a transfer could not be done, or not whole. */
  failed: 1,
  /** An argument or a `HEARSAY_…` variable that cannot be meant. */
  wrongUsage: 2,
  cannotListen: 3,
  /** The configuration or identity file. */
  badConfiguration: 4,
  /** 128 + SIGINT, as shells count. */
  interrupted: 130,
} as const
