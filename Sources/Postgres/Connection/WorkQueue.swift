/// The work that waits for a connection, and the work that connections have taken: first in, first out, each with a deadline.
///
/// Some connections are reserved: only privileged entries are taken while no more than `reserve` connections are free of others. A pure
/// state machine; `ConnectionPool` puts threads around it.
struct WorkQueue<Item> {
    struct Entry {
        let item: Item
        /// Whether the item needs the connection to itself.
        let isExclusive: Bool
        /// Whether reserved connections may take it.
        var isPrivileged = false
        let deadline: ContinuousClock.Instant
        /// Its place in the order of arrival.
        fileprivate var number = 0
        /// Whether `removeOverdue` has given it out.
        fileprivate var isOverdue = false

        init(item: Item, isExclusive: Bool, isPrivileged: Bool = false, deadline: ContinuousClock.Instant) {
            self.item = item
            self.isExclusive = isExclusive
            self.isPrivileged = isPrivileged
            self.deadline = deadline
        }
    }

    /// Why an entry is not added.
    enum Refusal {
        case closed
        /// As much waits as may wait.
        case full
    }

    /// How many entries without privilege wait at most. A fleet of 10,000 that comes back at once fits.
    static var waitingLimit: Int { 16_384 }

    /// Entries without privilege.
    private var common: [Entry] = []
    private var privileged: [Entry] = []
    private var arrivals = 0
    /// The work that each connection has taken, by its slot.
    private var taken: [Int: [Entry]] = [:]
    private(set) var isClosed = false
    /// How many connections wait for work, the one that is about to take some included.
    var idle = 0
    /// How many connections only privileged entries may use.
    let reserve: Int
    /// How many statements go out in one pipeline at most.
    let pipelineLimit: Int

    init(reserve: Int = 0, pipelineLimit: Int = 64) {
        self.reserve = reserve
        self.pipelineLimit = pipelineLimit
    }

    /// How many entries wait.
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

    /// Puts back, in front, what a connection took and did not begin.
    mutating func putBack(_ entries: [Entry], by slot: Int) {
        taken[slot] = nil
        guard let first = entries.first else { return }
        if first.isPrivileged {
            privileged.insert(contentsOf: entries, at: 0)
        } else {
            common.insert(contentsOf: entries, at: 0)
        }
    }

    /// Notes that a connection is done with what it took.
    mutating func finish(_ slot: Int) {
        taken[slot] = nil
    }

    /// What one connection does next: an exclusive entry, or its share of the entries that can be pipelined.
    mutating func take(by slot: Int) -> [Entry] {
        finish(slot)
        let busy = taken.values.count { $0.first?.isPrivileged == false }
        // Connections that are being made count as gone, or agents could occupy all that are left.
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

    /// Takes one connection's share of entries that so many share.
    private static func take(from entries: inout [Entry], among connections: Int, most: Int) -> [Entry] {
        if entries.first?.isExclusive == true { return [entries.removeFirst()] }
        let share = min(most, (entries.count + connections - 1) / max(connections, 1))
        let taken = Array(entries.prefix(max(share, 1)).prefix { !$0.isExclusive })
        entries.removeFirst(taken.count)
        return taken
    }

    /// Takes out what has waited too long.
    mutating func removeExpired(_ now: ContinuousClock.Instant) -> [Entry] {
        let expired = (common + privileged).filter { $0.deadline <= now }
        if !expired.isEmpty {
            common.removeAll { $0.deadline <= now }
            privileged.removeAll { $0.deadline <= now }
        }
        return expired
    }

    /// The work that connections have taken and whose deadline has passed, each entry once.
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

    /// Takes nothing more in, and gives out what is there.
    mutating func close() -> [Entry] {
        isClosed = true
        defer { (common, privileged) = ([], []) }
        return common + privileged
    }
}
