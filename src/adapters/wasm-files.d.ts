/** `import path from 'package/file.wasm' with { type: 'file' }`: where the file is, also inside the executable. */
declare module '*.wasm' {
  const path: string
  export default path
}
