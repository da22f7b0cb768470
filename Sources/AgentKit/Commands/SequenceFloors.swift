import ContractRuntime
import Generated

/// The highest sequence numbers of the commands that an instance has started, by key. They survive restarts in the journal.
///
/// Commands of the two queues start independently: a protective command overtakes others that were delivered before it. After a restart,
/// a protective command must therefore be newer than the protective ones that were started, and any other command newer than all of them.
struct SequenceFloors: Sendable {
    /// The highest numbers of one key.
    struct Floor: Hashable, Sendable {
        var protective: Int = 0
        var other: Int = 0
    }

    /// The numbers by the id of the key.
    // traps: ids of keys are hexadecimal digits.
    private(set) var floors: [String: Floor] = [:]

    /// Raises the numbers to those of a command that has started.
    mutating func raise(for command: AgentCommand) {
        for (keyID, sequence) in command.sequences {
            if command.commandType.isProtective {
                floors[keyID, default: Floor()].protective = max(floors[keyID]?.protective ?? 0, sequence)
            } else {
                floors[keyID, default: Floor()].other = max(floors[keyID]?.other ?? 0, sequence)
            }
        }
    }

    /// Raises the numbers of a key to those of the journal.
    mutating func raise(_ keyID: String, to floor: Floor) {
        let known = floors[keyID] ?? Floor()
        floors[keyID] = Floor(
            protective: max(known.protective, floor.protective),
            other: max(known.other, floor.other)
        )
    }

    /// Whether a command is newer than those that were started.
    func admit(_ command: AgentCommand) -> Bool {
        command.sequences.allSatisfy { keyID, sequence in
            guard let floor = floors[keyID] else { return true }
            return sequence > (command.commandType.isProtective ? floor.protective : max(floor.protective, floor.other))
        }
    }
}

/// Refuses commands that are not newer than the ones that were delivered before them.
struct SequenceGuard: Sendable {
    /// The numbers in the journal when the process started.
    private let floors: SequenceFloors
    /// The highest number of each key that this process has admitted.
    // traps: ids of keys are hexadecimal digits.
    private var highest: [String: Int] = [:]
    /// The admitted commands that are not in the journal yet. They stay admitted if the journal could not be written.
    private var admitted: Set<UUID> = []

    init(_ floors: SequenceFloors) {
        self.floors = floors
    }

    /// Whether a new command may be executed; from then on, older ones may not.
    mutating func admit(_ command: AgentCommand) -> Bool {
        if admitted.contains(command.commandID) { return true }
        guard floors.admit(command), command.sequences.allSatisfy({ $0.value > highest[$0.key] ?? 0 }) else {
            return false
        }
        for (keyID, sequence) in command.sequences { highest[keyID] = sequence }
        if !command.sequences.isEmpty { admitted.insert(command.commandID) }
        return true
    }

    /// Forgets a command that is in the journal.
    mutating func journaled(_ id: UUID) { admitted.remove(id) }
}
