import ContractRuntime

/// When heartbeats arrived, as a strip with what is missing marked. Silence counts from 90 seconds on: not everybody reports each half minute.
struct HeartbeatStrip {
    let label: String
    /// Made of numbers alone, so that nothing in it has to be escaped.
    let drawing: String
    let width: Int

    /// The least number of slots without a heartbeat that count as silence.
    private static let least = 3

    /// - Parameter slots: For each slot, the oldest first, 1 with a heartbeat, 0 without, and - where nobody knows.
    init(_ slots: String) {
        let gaps = Self.gaps(slots)
        let unknown = Self.stretches(of: "-", in: slots)
        let missing = gaps.reduce(0) { $0 + $1.count }
        width = slots.utf8.count
        if unknown.first?.count == width {
            label = "nothing known yet"
        } else {
            label = missing == 0 ? "heard of all the time" : "silent for \(Figures.duration(seconds: missing * 30))"
        }
        func rects(_ stretches: [Range<Int>], _ look: String) -> String {
            stretches.map { #"<rect class="\#(look)" x="\#($0.lowerBound)" width="\#($0.count)" height="14"/>"# }
                .joined()
        }
        drawing = rects([0..<width], "received") + rects(gaps, "missing") + rects(unknown, "unknown")
    }

    /// The stretches of silence.
    static func gaps(_ slots: String) -> [Range<Int>] { stretches(of: "0", in: slots).filter { $0.count >= least } }

    private static func stretches(of sign: Unicode.Scalar, in slots: String) -> [Range<Int>] {
        var stretches: [Range<Int>] = []
        for (place, scalar) in slots.unicodeScalars.enumerated() where scalar == sign {
            if stretches.last?.upperBound == place {
                stretches[stretches.count - 1] = stretches[stretches.count - 1].lowerBound..<place + 1
            } else {
                stretches.append(place..<place + 1)
            }
        }
        return stretches
    }
}
