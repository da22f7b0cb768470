/// A fault that can be injected into a simulated bot.
enum Fault: String, CaseIterable {
    /// One outage that is longer than the control plane's alert threshold.
    case silent
    /// Each request takes 0.2 to 3 seconds longer.
    case slow
    /// The bot's clock is 45 to 60 seconds off.
    case skew
    /// A fifth of the requests, except polls, is sent twice.
    case duplicates
    /// A copy of a fifth of the requests, except polls, is sent again 1 to 5 seconds later, after newer ones.
    case reorder
    /// A tenth of the responses is lost after the control plane has processed the request.
    case lostAnswers = "lost-answers"
    /// The process ends twice without a STOPPED heartbeat, and starts again.
    case restarts
    /// Three outages of up to 15 seconds.
    case flapping
    /// One outage of up to 40 seconds that affects many bots at the same time.
    case partition

    /// The share of all bots that has the fault.
    fileprivate var share: Double {
        switch self {
        case .silent: 0.03
        case .slow, .restarts: 0.1
        case .skew, .flapping: 0.05
        case .duplicates, .reorder, .lostAnswers: 0.2
        case .partition: 0.3
        }
    }
}

/// The events of a simulation, determined by the seed and the options.
struct SimulationPlan: Equatable, Sendable {
    /// The plan of one bot. Times are seconds since the start of the run.
    struct Bot: Equatable, Sendable {
        var number: Int
        var start: Double
        var faults: Set<String> = []
        /// The times at which no request or response gets through.
        var outages: [Range<Double>] = []
        /// When the process ends and starts again.
        var restarts: [Double] = []
        /// The offset of the clock, in seconds.
        var skew: Int64 = 0

        func has(_ fault: Fault) -> Bool { faults.contains(fault.rawValue) }

        /// Whether no fault delays commands.
        var isReachable: Bool { outages.isEmpty && restarts.isEmpty && !has(.slow) && !has(.lostAnswers) }

        /// The duration of the longest outage, in seconds.
        var longestOutage: Double { outages.map { $0.upperBound - $0.lowerBound }.max() ?? 0 }
    }

    /// A command of the operator.
    struct Command: Equatable, Sendable {
        var at: Double
        var bot: Int
        var type: String
    }

    let seed: UInt64
    let duration: Double
    let bots: [Bot]
    let commands: [Command]

    /// - Parameters:
    ///   - instances: The number of bots.
    ///   - duration: The length of the run, in seconds.
    ///   - seed: The seed of all random decisions.
    ///   - faults: The faults to inject.
    ///   - stale: How long a bot may be silent before the control plane raises an alert, in seconds.
    ///   - heartbeat: The interval between heartbeats, in seconds. All bots start within the first interval.
    ///   - commandsPerMinute: The number of commands per minute for the whole fleet.
    init(
        instances: Int,
        duration: Double,
        seed: UInt64,
        faults: Set<Fault>,
        stale: Double,
        heartbeat: Double,
        commandsPerMinute: Double
    ) {
        self.seed = seed
        self.duration = duration
        var shared = SeededGenerator(seed: seed, stream: -1)
        let partitionStart = Double.random(in: 0.3...0.5, using: &shared) * duration
        let partition = partitionStart..<(partitionStart + min(40, duration / 6))
        bots = (0..<instances).map { number in
            var random = SeededGenerator(seed: seed, stream: number)
            let delay = min(heartbeat, duration / 10) * Double(number) / Double(max(instances, 1))
            var bot = Bot(number: number, start: delay)
            // Draw for every fault, also those not requested, so that the choice of faults does not change the random sequence.
            for fault in Fault.allCases where random.happens(fault.share) && faults.contains(fault) {
                bot.faults.insert(fault.rawValue)
            }
            Self.fill(&bot, &random, duration: duration, stale: stale, partition: partition)
            return bot
        }
        commands = Self.commands(&shared, bots: instances, duration: duration, perMinute: commandsPerMinute)
    }

    private static func fill(
        _ bot: inout Bot,
        _ random: inout SeededGenerator,
        duration: Double,
        stale: Double,
        partition: Range<Double>
    ) {
        let silence = stale + 40
        if bot.has(.silent), duration > silence + 90 {
            let start = Double.random(in: 40...(duration - silence - 50), using: &random)
            // No other faults, so that the expected alert is certain.
            bot = Bot(
                number: bot.number,
                start: bot.start,
                faults: [Fault.silent.rawValue],
                outages: [start..<(start + silence)]
            )
            return
        }
        bot.faults.remove(Fault.silent.rawValue)
        if bot.has(.skew) { bot.skew = [60, 45, -45].randomElement(using: &random) ?? 0 }
        if bot.has(.flapping) {
            for index in 0..<3 {
                let start =
                    duration * (0.2 + 0.2 * Double(index)) + Double.random(in: 0...(duration / 20), using: &random)
                bot.outages.append(start..<(start + min(15, duration / 12)))
            }
        } else if bot.has(.partition) {
            bot.outages.append(partition)
        }
        if bot.has(.restarts) {
            bot.restarts = [
                Double.random(in: 0.3...0.5, using: &random), Double.random(in: 0.55...0.75, using: &random),
            ]
            .map { $0 * duration }
        }
    }

    /// Random commands: 50 % SYNC_BALANCE, 40 % CANCEL_ALL, and 10 % SAFE_MODE followed by START.
    private static func commands(
        _ random: inout SeededGenerator,
        bots: Int,
        duration: Double,
        perMinute: Double
    ) -> [Command] {
        guard bots > 0, perMinute > 0 else { return [] }
        var commands: [Command] = []
        let first = duration / 8
        let last = duration * 0.8
        var time = first
        while time < last {
            let bot = Int.random(in: 0..<bots, using: &random)
            switch Int.random(in: 0..<10, using: &random) {
            case 0:
                commands.append(Command(at: time, bot: bot, type: "SAFE_MODE"))
                commands.append(Command(at: time + min(10, duration / 20), bot: bot, type: "START"))
            case 1...4: commands.append(Command(at: time, bot: bot, type: "CANCEL_ALL"))
            default: commands.append(Command(at: time, bot: bot, type: "SYNC_BALANCE"))
            }
            time += 60 / perMinute * Double.random(in: 0.5...1.5, using: &random)
        }
        return commands.sorted { $0.at < $1.at }
    }
}
