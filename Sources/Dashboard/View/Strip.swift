import ContractRuntime

/// When heartbeats arrived, as a strip with what is missing marked. Silence counts from 90 seconds on: not everybody reports each half minute.
struct Strip {
    let label: String
    /// Made of numbers alone, so that nothing in it has to be escaped.
    let drawing: String
    let width: Int

    /// The least number of slots without a heartbeat that count as silence.
    private static let least = 3

    /// - Parameter slots: 1 for each slot with a heartbeat and 0 for any other, the oldest first.
    init(_ slots: String) {
        let gaps = Self.gaps(slots)
        let missing = gaps.reduce(0) { $0 + $1.count }
        width = slots.utf8.count
        label = missing == 0 ? "heard of all the time" : "silent for \(Figures.duration(seconds: missing * 30))"
        drawing =
            #"<rect class="heard" width="\#(width)" height="14"/>"#
            + gaps.map { #"<rect class="silent" x="\#($0.lowerBound)" width="\#($0.count)" height="14"/>"# }.joined()
    }

    /// The stretches of silence.
    static func gaps(_ slots: String) -> [Range<Int>] {
        var gaps: [Range<Int>] = []
        var start: Int?
        let bytes = Array(slots.utf8) + [UInt8(ascii: "1")]
        for (place, byte) in bytes.enumerated() {
            if byte == UInt8(ascii: "0") {
                start = start ?? place
            } else if let begin = start {
                if place - begin >= least { gaps.append(begin..<place) }
                start = nil
            }
        }
        return gaps
    }
}
