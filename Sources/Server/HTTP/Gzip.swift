import CZlib

/// The gzip format (RFC 1952), compressed by zlib.
enum Gzip {
    /// The fastest of zlib's levels. A page of 236 KiB becomes 10 KiB; the highest levels take several times as long for another sixth.
    private static let level: Int32 = 1
    /// The largest window and zlib's default memory, 256 KiB per compression; plus 16 for the gzip format (zlib.h, `deflateInit2`).
    private static let windowBits: Int32 = 15 + 16
    private static let memoryLevel: Int32 = 8

    /// Compresses bytes; nil if that does not make them smaller, or if there is no memory for it.
    static func compressed(_ bytes: [UInt8]) -> [UInt8]? {
        guard let count = UInt32(exactly: bytes.count) else { return nil }
        var stream = z_stream()
        let size = Int32(truncatingIfNeeded: MemoryLayout<z_stream>.size)
        guard
            deflateInit2_(
                &stream,
                level,
                Z_DEFLATED,
                windowBits,
                memoryLevel,
                Z_DEFAULT_STRATEGY,
                ZLIB_VERSION,
                size
            ) == Z_OK
        else { return nil }
        defer { deflateEnd(&stream) }
        var isComplete = false
        let output = [UInt8](unsafeUninitializedCapacity: bytes.count) { output, written in
            bytes.withUnsafeBufferPointer { input in
                // zlib does not write to its input (zlib.h, `z_const`).
                stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                stream.avail_in = count
                stream.next_out = output.baseAddress
                stream.avail_out = count
                isComplete = deflate(&stream, Z_FINISH) == Z_STREAM_END
            }
            // traps: zlib has written at most `count` bytes.
            written = bytes.count - Int(stream.avail_out)
        }
        // A copy, because the response keeps its memory until the client has read it.
        return isComplete ? Array(output[...]) : nil
    }
}
