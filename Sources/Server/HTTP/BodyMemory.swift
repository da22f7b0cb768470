/// The bytes of request bodies that one connection holds, which count towards the limit of all connections.
///
/// Not `Sendable`: it belongs to one connection.
struct BodyMemory {
    /// Bodies up to this size are neither counted nor rejected. Most requests, and every operator's command, are smaller.
    static let smallBody = 4 * 1_024

    private let connections: Connections
    /// The bytes of the current request's body, held until the response.
    private var current = 0
    /// The bytes of the bodies that wait for their turn.
    private var pipelined = 0
    /// The part of both that is counted.
    private var counted = 0

    init(_ connections: Connections) {
        self.connections = connections
    }

    /// Notes the current body; empty if there is none.
    mutating func hold(_ body: [UInt8]) { current = body.count > Self.smallBody ? body.capacity : 0 }

    /// Drops the current body.
    mutating func release() { current = 0 }

    // traps: both change by lengths of buffers in memory.
    mutating func addPipelined(_ bytes: Int) { pipelined += bytes }

    mutating func removePipelined(_ bytes: Int) { pipelined -= bytes }

    mutating func removePipelined() { pipelined = 0 }

    /// Counts what the connection holds now. Returns false if it grew and there is no room.
    mutating func count() -> Bool {
        // traps: lengths of buffers in memory.
        let now = current + (pipelined > Self.smallBody ? pipelined : 0)
        if now == counted { return true }
        defer { counted = now }
        return connections.changeBodies(by: now - counted)
    }
}
