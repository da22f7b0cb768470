/// What can go wrong for a simulated bot.
enum Fault: String, CaseIterable {
    /// Nothing comes through for longer than the control plane waits before it raises an alert.
    case silent
    /// Each call takes up to three seconds longer.
    case slow
    /// The bot's clock is wrong.
    case skew
    /// Calls are delivered twice.
    case duplicates
    /// Copies of calls are delivered late, after newer ones.
    case reorder
    /// The control plane does what it is told, and its answer is lost.
    case lostAnswers = "lost-answers"
    /// The process ends without a word and begins again.
    case restarts
    /// Nothing comes through for some seconds, again and again.
    case flapping
    /// Nothing comes through for many bots at once.
    case partition

    /// How many of all bots it happens to.
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

/// What happens in a run: the seed and the options decide all of it.
struct SimulationPlan: Equatable, Sendable {
    /// A bot's part. Times are seconds since the start of the run.
    struct Bot: Equatable, Sendable {
        var number: Int
        var start: Double
        var faults: Set<String> = []
        /// When nothing comes through.
        var cuts: [Range<Double>] = []
        /// When the process ends and begins again.
        var restarts: [Double] = []
        /// By how much the clock is off, in seconds.
        var skew: Int64 = 0

        func has(_ fault: Fault) -> Bool { faults.contains(fault.rawValue) }

        /// Whether nothing keeps commands from it.
        var isReachable: Bool { cuts.isEmpty && restarts.isEmpty && !has(.slow) && !has(.lostAnswers) }

        /// The longest time for which nothing comes through.
        var longestCut: Double { cuts.map { $0.upperBound - $0.lowerBound }.max() ?? 0 }
    }

    /// A command that an operator gives.
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
    ///   - stale: For how many seconds the control plane waits for a heartbeat.
    ///   - heartbeat: The interval of heartbeats; bots start within the first.
    ///   - commandsPerMinute: How many commands are given to the whole fleet.
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
            // Drawn in the same order whatever is asked for, so that a fault more changes nothing else.
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
            // Nothing else happens to it, so that what is to be expected is plain.
            bot = Bot(
                number: bot.number,
                start: bot.start,
                faults: [Fault.silent.rawValue],
                cuts: [start..<(start + silence)]
            )
            return
        }
        bot.faults.remove(Fault.silent.rawValue)
        if bot.has(.skew) { bot.skew = [60, 45, -45].randomElement(using: &random) ?? 0 }
        if bot.has(.flapping) {
            for index in 0..<3 {
                let start =
                    duration * (0.2 + 0.2 * Double(index)) + Double.random(in: 0...(duration / 20), using: &random)
                bot.cuts.append(start..<(start + min(15, duration / 12)))
            }
        } else if bot.has(.partition) {
            bot.cuts.append(partition)
        }
        if bot.has(.restarts) {
            bot.restarts = [
                Double.random(in: 0.3...0.5, using: &random), Double.random(in: 0.55...0.75, using: &random),
            ]
            .map { $0 * duration }
        }
    }

    /// What an operator's day is like: balances are asked for, orders canceled, now and then a bot is stopped and started again.
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
