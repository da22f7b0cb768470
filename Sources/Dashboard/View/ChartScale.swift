import ContractRuntime

/// The values that a chart shows, from a tick below the least value to one above the greatest. Ticks are multiples of 1, 2 or 5 times a
/// power of ten.
struct ValueScale {
    /// From the lowest to the highest.
    let ticks: [Double]
    /// The number of decimals that tells the ticks apart.
    let decimals: Int

    /// The number of steps that is aimed at.
    private static let steps = 4.0
    /// The share of a step that a value may be off its tick, because binary fractions are not exact.
    private static let tolerance = 1e-6

    /// - Parameters:
    ///   - values: All values are finite.
    ///   - isDrawdown: Whether values are 0 or negative, so that the scale ends at 0.
    init(_ values: [Double], isDrawdown: Bool) {
        let (least, most) = (values.min() ?? 0, isDrawdown ? 0 : values.max() ?? 0)
        let largest = max(abs(least), abs(most))
        // Equal values need a height, so that their ticks differ. Halves, because a difference can exceed the largest number.
        let half = max(most / 2 - least / 2, largest > 0 ? largest / 1_000 : isDrawdown ? 0.005 : 1)
        let step = Self.step(half / Self.steps * 2)
        let isFlat = least == most && !isDrawdown
        let floor = (least / step + Self.tolerance).rounded(.down)
        let first = isDrawdown ? min(floor, -1) : floor - (isFlat ? 1 : 0)
        let last = isDrawdown ? 0 : max((most / step - Self.tolerance).rounded(.up), first + (isFlat ? 2 : 1))
        ticks = (0...Int(saturating: min(last - first, 2 * Self.steps))).map { number in
            let tick = (first + Double(number)) * step
            return min(max(tick, -Double.greatestFiniteMagnitude), Double.greatestFiniteMagnitude)
        }
        decimals = Self.decimals(step)
    }

    private static func decimals(_ step: Double) -> Int {
        var (rest, decimals) = (step, 0)
        while rest < 0.999, decimals < 18 { (rest, decimals) = (rest * 10, decimals + 1) }
        return decimals
    }

    /// The smallest of 1, 2 and 5 times a power of ten that is not less than a size.
    private static func step(_ size: Double) -> Double {
        // traps: the operands are of type Double, which does not overflow.
        let size = size * 0.999_999
        var power = 1.0
        while power < size, power < 1e300 { power *= 10 }
        while power / 10 >= size, power > 1e-300 { power /= 10 }
        return [power / 5, power / 2, power].first { $0 >= size } ?? power
    }

    private var low: Double { ticks.first ?? 0 }
    private var high: Double { ticks.last ?? 1 }

    /// The position of a value, from 0 at the top to 100 at the bottom.
    func place(_ value: Double) -> Double {
        // Halves, because the difference of two numbers can exceed the largest number.
        let height = high / 2 - low / 2
        return Chart.round(height > 0 ? (high / 2 - value / 2) / height * 100 : 50)
    }
}

/// The time that a chart shows, with ticks at boundaries of the calendar in UTC.
struct TimeScale {
    let from: Timestamp
    let to: Timestamp

    /// A label at a time.
    struct Tick {
        /// The position as an attribute of SVG, such as `12.5%`.
        let x: String
        /// The time in RFC 3339; nil for a day that has no zone.
        let iso: String?
        /// The time of day, or the day at its midnight.
        let text: String
    }

    private static let second: Int64 = 1_000_000
    private static let day: Int64 = 86_400 * second
    /// The distances of ticks: minutes, hours and days.
    private static let steps: [Int64] =
        [1, 5, 15, 30, 60, 120, 180, 360, 720].map { $0 * 60 * second } + [1, 2, 7, 14, 28, 91, 364].map { $0 * day }
    /// The number of ticks that fits on a phone.
    private static let most = 6

    private var span: Double { Double(from.microseconds(until: to)) }

    /// The position of a time, from 0 on the left to 1,000.
    func place(_ time: Timestamp) -> Double {
        let share = span > 0 ? Double(from.microseconds(until: time)) / span : 0.5
        return Chart.round(min(max(share, 0), 1) * 1_000)
    }

    var ticks: [Tick] {
        let span = from.microseconds(until: to)
        guard span > 0, let step = Self.steps.first(where: { span / $0 < Self.most }) else { return [] }
        // 1970 began on a Thursday; weeks begin on Monday.
        let origin = step >= 7 * Self.day ? -3 * Self.day : 0
        let start = from.microsecondsSinceEpoch.subtractingSaturated(origin)
        // traps: the remainder is nearer to 0 than the start.
        var next = (start - start % step).addingSaturated(start % step > 0 ? step : 0)
        var ticks: [Tick] = []
        while ticks.count < Self.most {
            let time = Timestamp(microsecondsSinceEpoch: next.addingSaturated(origin))
            if from.microseconds(until: time) > span { break }
            ticks.append(tick(time))
            next = next.addingSaturated(step)
        }
        return ticks
    }

    private func tick(_ time: Timestamp) -> Tick {
        let iso = "\(time)"
        let isMidnight = time.microsecondsSinceEpoch % Self.day == 0
        let text = isMidnight ? iso.dropFirst(5).prefix(5) : iso.dropFirst(11).prefix(5)
        return Tick(x: "\(Chart.round(place(time) / 10))%", iso: iso, text: String(text))
    }
}
