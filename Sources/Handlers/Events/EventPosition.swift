/// A position in the order of events: the transaction's number and the event's number.
struct EventPosition: Comparable, CustomStringConvertible, Sendable {
    let transaction: UInt64
    let event: Int

    init(transaction: UInt64, event: Int) {
        self.transaction = transaction
        self.event = event
    }

    /// Parses `12345-67`, or `12345` for the position before the first event of a transaction; nil for anything else.
    init?(_ text: String) {
        let numbers = text.split(separator: "-")
        guard (1...2).contains(numbers.count), let transaction = numbers.first.flatMap({ UInt64($0) }),
            let event = numbers.count == 1 ? 0 : Int(numbers[1])
        else { return nil }
        self.init(transaction: transaction, event: event)
    }

    var description: String { "\(transaction)-\(event)" }

    static func < (lhs: Self, rhs: Self) -> Bool {
        (lhs.transaction, lhs.event) < (rhs.transaction, rhs.event)
    }
}
