/// The work that waits for a connection and the work that connections have taken: first in, first out, each with a deadline.
///
/// Some connections are reserved: while at most `reserve` connections are not busy with unprivileged work, only privileged entries are
/// taken. A pure state machine; `ConnectionPool` adds the threads.
struct WorkQueue<Item> {
    struct Entry {
        let item: Item
        /// Whether the item needs exclusive use of the connection.
        let isExclusive: Bool
        /// Whether reserved connections may take it.
        var isPrivileged = false
        let deadline: ContinuousClock.Instant
        /// Its position in the order of arrival.
        fileprivate var number = 0
        /// Whether `findOverdue` has returned it.
        fileprivate var isOverdue = false

        init(item: Item, isExclusive: Bool, isPrivileged: Bool = false, deadline: ContinuousClock.Instant) {
            self.item = item
            self.isExclusive = isExclusive
            self.isPrivileged = isPrivileged
            self.deadline = deadline
        }
    }

    /// The reason why an entry is rejected.
    enum Refusal {
        case closed
        /// The maximum number of waiting entries is reached.
        case full
    }

    /// The maximum number of waiting unprivileged entries. It fits a fleet of 10,000 that reconnects at once.
    static var waitingLimit: Int { 16_384 }

    /// Unprivileged entries.
    private var common: [Entry] = []
    private var privileged: [Entry] = []
    private var arrivals = 0
    /// The work that each connection has taken, by its slot.
    private var taken: [Int: [Entry]] = [:]
    private(set) var isClosed = false
    /// The number of connections that wait for work, including the one that is about to take some.
    var idle = 0
    /// The number of connections that only privileged entries may use.
    let reserve: Int
    /// The maximum number of statements in one pipeline.
    let pipelineLimit: Int

    init(reserve: Int = 0, pipelineLimit: Int = 64) {
        self.reserve = reserve
        self.pipelineLimit = pipelineLimit
    }

    /// The number of waiting entries.
    var count: Int { common.count + privileged.count }

    /// Adds an entry at the end.
    mutating func append(_ entry: Entry) -> Refusal? {
        if isClosed { return .closed }
        if !entry.isPrivileged, common.count >= Self.waitingLimit { return .full }
        var entry = entry
        arrivals += 1
        entry.number = arrivals
        if entry.isPrivileged { privileged.append(entry) } else { common.append(entry) }
        return nil
    }

    /// Puts entries back at the front that a connection took and did not start.
    mutating func putBack(_ entries: [Entry], by slot: Int) {
        taken[slot] = nil
        guard let first = entries.first else { return }
        if first.isPrivileged {
            privileged.insert(contentsOf: entries, at: 0)
        } else {
            common.insert(contentsOf: entries, at: 0)
        }
    }

    /// Records that a connection has finished its work.
    mutating func finish(_ slot: Int) {
        taken[slot] = nil
    }

    /// The next work of a connection: an exclusive entry, or its share of the entries that can be pipelined.
    mutating func take(by slot: Int) -> [Entry] {
        finish(slot)
        let busy = taken.values.count { $0.first?.isPrivileged == false }
        // Connections that are being established count as lost; otherwise agents could occupy all remaining ones.
        let free = max(idle + taken.count - reserve, 1) - busy
        let common = free > 0 ? common.first : nil
        let isPrivileged: Bool
        switch (privileged.first, common) {
        case (nil, nil): return []
        case (let first?, let other?): isPrivileged = first.number < other.number
        case (let first, _): isPrivileged = first != nil
        }
        let entries =
            isPrivileged
            ? Self.take(from: &privileged, among: idle, most: pipelineLimit)
            : Self.take(from: &self.common, among: min(idle, free), most: pipelineLimit)
        taken[slot] = entries
        return entries
    }

    /// Takes one connection's share of the entries.
    private static func take(from entries: inout [Entry], among connections: Int, most: Int) -> [Entry] {
        if entries.first?.isExclusive == true { return [entries.removeFirst()] }
        let share = min(most, (entries.count + connections - 1) / max(connections, 1))
        let taken = Array(entries.prefix(max(share, 1)).prefix { !$0.isExclusive })
        entries.removeFirst(taken.count)
        return taken
    }

    /// Removes entries whose deadline has passed.
    mutating func removeExpired(_ now: ContinuousClock.Instant) -> [Entry] {
        let expired = (common + privileged).filter { $0.deadline <= now }
        if !expired.isEmpty {
            common.removeAll { $0.deadline <= now }
            privileged.removeAll { $0.deadline <= now }
        }
        return expired
    }

    /// Entries in progress whose deadline has passed, each returned once.
    mutating func findOverdue(_ now: ContinuousClock.Instant) -> [Entry] {
        var overdue: [Entry] = []
        for (slot, entries) in taken {
            for index in entries.indices where entries[index].deadline <= now && !entries[index].isOverdue {
                taken[slot]?[index].isOverdue = true
                overdue.append(entries[index])
            }
        }
        return overdue
    }

    /// Rejects new entries and returns all waiting ones.
    mutating func close() -> [Entry] {
        isClosed = true
        defer { (common, privileged) = ([], []) }
        return common + privileged
    }
}
