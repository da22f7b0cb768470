import ContractRuntime
import NIOCore
import NIOHTTP1

extension ServerResponse {
    /// The status line and the header fields including the empty line (RFC 9112, sections 4 and 5), with room for a body in one piece.
    ///
    /// - Parameter isLast: Whether the connection is closed afterwards.
    func head(_ allocator: ByteBufferAllocator, isLast: Bool) -> ByteBuffer {
        let length = if case .bytes(let bytes) = body { bytes.count } else { 0 }
        var buffer = allocator.buffer(capacity: 384 + length)
        buffer.writeStaticString("HTTP/1.1 ")
        buffer.writeString(String(status.code))
        buffer.writeStaticString(" ")
        buffer.writeString(status.reasonPhrase)
        for field in headers {
            buffer.writeStaticString("\r\n")
            buffer.writeString(field.name)
            buffer.writeStaticString(": ")
            buffer.writeString(field.value)
        }
        if case .stream = body { buffer.writeStaticString("\r\nTransfer-Encoding: chunked") }
        if isLast { buffer.writeStaticString("\r\nConnection: close") }
        buffer.writeStaticString("\r\n\r\n")
        return buffer
    }
}

extension ByteBuffer {
    /// One chunk of a stream, preceded by its length (RFC 9112, section 7.1).
    init(chunk: [UInt8]) {
        self.init()
        reserveCapacity(chunk.count + 16)
        writeString(String(chunk.count, radix: 16))
        writeStaticString("\r\n")
        writeBytes(chunk)
        writeStaticString("\r\n")
    }
}
