/// What waits for a connection: first come, first served, each with a deadline.
///
/// A pure state machine; `ConnectionPool` puts threads around it.
struct WorkQueue<Item> {
    struct Entry {
        let item: Item
        /// Whether the item needs the connection to itself.
        let isExclusive: Bool
        let deadline: ContinuousClock.Instant
    }

    /// How many statements go out in one pipeline at most.
    static var pipelineLimit: Int { 64 }

    private var entries: [Entry] = []
    private(set) var isClosed = false
    /// How many connections wait for work, the one that is about to take some included.
    var idle = 0

    /// How many entries wait.
    var count: Int { entries.count }

    /// Adds an entry at the end; false once the queue is closed.
    mutating func append(_ entry: Entry) -> Bool {
        guard !isClosed else { return false }
        entries.append(entry)
        return true
    }

    /// Puts back, in front, what was taken and not begun.
    mutating func putBack(_ taken: [Entry]) {
        entries.insert(contentsOf: taken, at: 0)
    }

    /// What one connection does next: an exclusive entry, or its share of the entries that can be pipelined.
    mutating func take() -> [Entry] {
        guard let first = entries.first else { return [] }
        if first.isExclusive { return [entries.removeFirst()] }
        let share = min(Self.pipelineLimit, (entries.count + idle - 1) / max(idle, 1))
        let taken = Array(entries.prefix(max(share, 1)).prefix { !$0.isExclusive })
        entries.removeFirst(taken.count)
        return taken
    }

    /// Takes out what has waited too long.
    mutating func removeExpired(_ now: ContinuousClock.Instant) -> [Entry] {
        let expired = entries.filter { $0.deadline <= now }
        if !expired.isEmpty { entries.removeAll { $0.deadline <= now } }
        return expired
    }

    /// Takes nothing more in, and gives out what is there.
    mutating func close() -> [Entry] {
        isClosed = true
        defer { entries = [] }
        return entries
    }
}
