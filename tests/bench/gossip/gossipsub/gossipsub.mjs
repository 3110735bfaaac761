// js-libp2p's gossipsub as it comes: TCP, Noise, Yamux, every message signed and checked. Runs in Node.
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { gossipsub, StrictSign } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { config, onCopy, onDeliver, run, sleep } from '../kit.ts'

// What libp2p expects of newer Nodes than some still are.
Promise.withResolvers ??= function withResolvers() {
  let resolve
  let reject
  const promise = new this((take, refuse) => {
    resolve = take
    reject = refuse
  })
  return { promise, resolve, reject }
}

const TOPIC = 'bench'
const MESH_WAIT_MS_MAX = 40_000

const node = await createLibp2p({
  addresses: { listen: [`/ip4/127.0.0.1/tcp/${config.port}`] },
  transports: [tcp()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  connectionManager: { maxConnections: 100, inboundConnectionThreshold: 1000, maxIncomingPendingConnections: 100 },
  // By default a connection whose ping is late under load would be aborted.
  connectionMonitor: { abortConnectionOnPingFailure: false },
  services: {
    identify: identify(),
    pubsub: gossipsub({
      allowPublishToZeroTopicPeers: true,
      fallbackToFloodsub: false,
      emitSelf: false,
      globalSignaturePolicy: StrictSign,
    }),
  },
})

const { pubsub } = node.services
const receive = pubsub.handleReceivedMessage.bind(pubsub)
pubsub.handleReceivedMessage = (from, message) => {
  onCopy()
  return receive(from, message)
}
pubsub.addEventListener('gossipsub:message', (event) => onDeliver(event.detail.msg.data))
pubsub.subscribe(TOPIC)

run({
  async dial() {
    for (const id of config.dials) await node.dial(multiaddr(`/ip4/127.0.0.1/tcp/${config.basePort + id}`))
    const giveUpAtMs = performance.now() + MESH_WAIT_MS_MAX
    while (pubsub.getMeshPeers(TOPIC).length < config.neighbors.length) {
      if (performance.now() > giveUpAtMs) throw new Error('the mesh does not form')
      await sleep(100)
    }
  },
  publish: (payload) => pubsub.publish(TOPIC, payload),
})
