import ContractRuntime
import Generated

/// Heartbeats over time as a strip that marks gaps. A gap is 90 seconds or longer, because the heartbeat interval may exceed one slot.
struct HeartbeatStrip {
    let label: String
    /// SVG that contains only numbers, so it needs no escaping.
    let drawing: String
    let width: Int

    /// The minimum number of slots without a heartbeat that form a gap.
    private static let minimumGap = 3

    /// - Parameter slots: One character per slot of 30 seconds, oldest first: 1 with a heartbeat, 0 without, - for unknown.
    init(_ slots: String) {
        let gaps = Self.gaps(slots)
        let unknown = Self.runs(of: "-", in: slots)
        let missing = gaps.reduce(0) { $0 + $1.count }
        width = slots.utf8.count
        if unknown.first?.count == width {
            label = "no data yet"
        } else {
            label = missing == 0 ? "no gaps" : "no heartbeats for \(Figures.duration(seconds: missing * 30))"
        }
        func rects(_ runs: [Range<Int>], _ look: String) -> String {
            runs.map { #"<rect class="\#(look)" x="\#($0.lowerBound)" width="\#($0.count)" height="14"/>"# }
                .joined()
        }
        drawing = rects([0..<width], "received") + rects(gaps, "missing") + rects(unknown, "unknown")
    }

    /// The gaps, as ranges of slots.
    static func gaps(_ slots: String) -> [Range<Int>] { runs(of: "0", in: slots).filter { $0.count >= minimumGap } }

    /// The gaps as periods.
    static func silences(_ presence: Presence) -> [(from: Timestamp, until: Timestamp)] {
        // traps: a response has at most 2,880 slots.
        let count = Int64(presence.slots.utf8.count)
        func time(_ slot: Int) -> Timestamp { presence.until.adding(seconds: (Int64(slot) - count) * 30) }
        return gaps(presence.slots).map { (time($0.lowerBound), time($0.upperBound)) }
    }

    private static func runs(of mark: Unicode.Scalar, in slots: String) -> [Range<Int>] {
        var runs: [Range<Int>] = []
        for (place, scalar) in slots.unicodeScalars.enumerated() where scalar == mark {
            if runs.last?.upperBound == place {
                runs[runs.count - 1] = runs[runs.count - 1].lowerBound..<place + 1
            } else {
                runs.append(place..<place + 1)
            }
        }
        return runs
    }
}
