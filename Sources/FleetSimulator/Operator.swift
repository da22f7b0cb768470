import AgentKit
import ContractRuntime
import Foundation
import Generated
import Synchronization

/// Gives the commands of the plan.
final class Operator: Sendable {
    /// A command that was given.
    struct Given {
        let id: UUID
        let bot: Int
        let type: CommandType
    }

    /// For how long a command may be carried out, in seconds.
    static let patience = 120

    private let client: Client<OperatorTransport>
    private let world: World
    private let stored = Mutex<[Given]>([])
    private let failures = Mutex(0)

    init(_ client: Client<OperatorTransport>, world: World) {
        self.client = client
        self.world = world
    }

    /// The commands that the control plane has stored.
    var given: [Given] { stored.withLock { $0 } }

    /// How many could not be given.
    var refused: Int { failures.withLock { $0 } }

    /// Gives each command at its time, and waits for none.
    func work(_ plan: SimulationPlan, _ bots: [SimulatedBot]) async throws {
        await withTaskGroup(of: Void.self) { group in
            for command in plan.commands {
                guard (try? await world.sleep(until: command.at)) != nil else { return }
                group.addTask { await self.give(command, to: bots[command.bot]) }
            }
        }
    }

    private func give(_ command: SimulationPlan.Command, to bot: SimulatedBot) async {
        guard let type = CommandType(rawValue: command.type) else { return }
        let id = UUID()
        let request = CommandRequest(
            commandID: id,
            instanceID: bot.configuration.instanceID,
            commandType: type,
            ttlSeconds: Self.patience
        )
        let given = Given(id: id, bot: command.bot, type: type)
        // A bot that has only just begun may not be known yet, and a control plane may be away for a while.
        for _ in 0..<120 {
            do {
                _ = try await client.createCommand(.init(body: request))
                return stored.withLock { $0.append(given) }
            } catch let problem as Problem where problem.code == "COMMAND_EXISTS" {
                // It was stored, and only the answer was lost.
                return stored.withLock { $0.append(given) }
            } catch let problem as Problem where problem.status < 500 && problem.code != "INSTANCE_NOT_FOUND" {
                break
            } catch {
                try? await Task.sleep(for: .milliseconds(500))
            }
        }
        failures.withLock { $0 += 1 }
    }
}
