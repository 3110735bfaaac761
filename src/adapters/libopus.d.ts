/**
 * What is used of the module that Emscripten has made for libopus-wasm. The package's own classes around it allocate for every frame and throw
 * for every payload that does not decode, so the module itself is imported, by the name that tsconfig.json gives to its path.
 */
declare module '#libopus' {
  export interface Libopus {
    /** These three are others when memory has grown. */
    readonly HEAPU8: Uint8Array<ArrayBuffer>
    readonly HEAP32: Int32Array<ArrayBuffer>
    readonly HEAPF32: Float32Array<ArrayBuffer>
    /** Answers 0 where there is no memory. */
    _malloc(bytes: number): number
    _free(pointer: number): void
    /** These two answer 0 on failure; `error` points to 4 bytes for its number. */
    _oc_create_encoder(sampleRateHz: number, channels: number, application: number, error: number): number
    _oc_create_decoder(sampleRateHz: number, channels: number, error: number): number
    _oc_destroy_encoder(encoder: number): void
    _oc_destroy_decoder(decoder: number): void
    /** From here on, negative answers are error numbers. */
    _oc_encoder_ctl(encoder: number, request: number, value: number): number
    _oc_encoder_ctl_get_lookahead(encoder: number): number
    _oc_encode_float(encoder: number, pcm: number, samples: number, packet: number, bytesMax: number): number
    /** Packet 0: a lost one. `samples` is the room in `pcm`, and how much is made up where one is lost. */
    _oc_decode_float(decoder: number, packet: number, bytes: number, pcm: number, samples: number, fec: 0 | 1): number
  }

  export default function createLibopus(options: {
    print(line: string): void
    printErr(line: string): void
  }): Promise<Libopus>
}
