import ContractRuntime
import Generated

/// The instances of one bot whose last heartbeats name different versions or hashes of its strategy.
///
/// A version or hash that an instance has not reported is unknown, which is no difference.
struct StrategyDrift {
    /// The number of instances that the sentence names for each strategy.
    private static let namesShown = 5

    /// The strategies and their instances, in the order of the first instance.
    private var groups: [(strategy: Strategy, instances: [String])] = []
    private var unreported: [String] = []
    private let isComplete: Bool

    private struct Strategy: Hashable {
        let name: ExactText?
        let version: ExactText?
        let hash: ExactText?

        init(_ instance: Instance) {
            name = instance.strategy.map { ExactText($0) }
            version = instance.strategyVersion.map { ExactText($0) }
            hash = instance.strategyHash.map { ExactText($0) }
        }
    }

    /// Compares the instances of a bot; nil if all that report a version or a hash report the same.
    ///
    /// - Parameter isComplete: Whether these are all instances of the bot.
    init?(_ instances: [Instance], isComplete: Bool) {
        self.isComplete = isComplete
        for instance in instances {
            let strategy = Strategy(instance)
            if strategy.version == nil, strategy.hash == nil {
                unreported.append(instance.instanceID)
            } else if let place = groups.firstIndex(where: { $0.strategy == strategy }) {
                groups[place].instances.append(instance.instanceID)
            } else {
                groups.append((strategy, [instance.instanceID]))
            }
        }
        let versions = Set(groups.compactMap { $0.strategy.version })
        let hashes = Set(groups.compactMap { $0.strategy.hash })
        if versions.count < 2, hashes.count < 2 { return nil }
    }

    /// Whether the instance reports one of the different strategies.
    func includes(_ instance: Instance) -> Bool {
        let strategy = Strategy(instance)
        return strategy.version != nil || strategy.hash != nil
    }

    /// A sentence that says which instances reported which strategy.
    var text: String {
        let hashes = Set(groups.compactMap { $0.strategy.hash })
        let isShortUnique = Set(hashes.map { ExactText(Figures.shortHash($0.text)) }).count == hashes.count
        let parts = groups.map { strategy, instances in
            let hash = strategy.hash.map { isShortUnique ? Figures.shortHash($0.text) : $0.text }
            let words = [
                strategy.name?.text, strategy.version.map { "version \($0.text)" }, hash.map { "hash \($0)" },
            ]
            return "\(words.compactMap(\.self).joined(separator: " ")) on \(Self.names(instances))"
        }
        let scope = isComplete ? "The instances of this bot" : "The first instances of this bot"
        let rest = unreported.isEmpty ? "" : " Not reported by \(Self.names(unreported))."
        return "\(scope) last reported different strategies: \(parts.joined(separator: "; ")).\(rest)"
    }

    private static func names(_ ids: [String]) -> String {
        let shown = ids.prefix(namesShown).joined(separator: ", ")
        return ids.count > namesShown ? "\(shown) and \(ids.count - namesShown) more" : shown
    }
}

extension Figures {
    /// The first characters of a hash, enough to compare by eye.
    static func shortHash(_ hash: String) -> String { String(hash.prefix(12)) }
}
