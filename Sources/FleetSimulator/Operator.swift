import AgentKit
import ContractRuntime
import Foundation
import Generated
import Synchronization

/// Sends the commands of the plan.
final class Operator: Sendable {
    /// A command that the control plane has stored.
    struct IssuedCommand {
        let id: UUID
        let bot: Int
        let type: CommandType
    }

    /// The time to live of each command, in seconds.
    static let ttlSeconds = 120

    private let client: Client<OperatorTransport>
    private let run: SimulationRun
    private let stored = Mutex<[IssuedCommand]>([])
    private let failures = Mutex(0)

    init(_ client: Client<OperatorTransport>, run: SimulationRun) {
        self.client = client
        self.run = run
    }

    /// The commands that the control plane has stored.
    var issued: [IssuedCommand] { stored.withLock { $0 } }

    /// The number of commands that could not be sent.
    var failureCount: Int { failures.withLock { $0 } }

    /// Sends each command at its time, without waiting for earlier ones.
    func sendCommands(of plan: SimulationPlan, to bots: [SimulatedBot]) async throws {
        await withTaskGroup(of: Void.self) { group in
            for command in plan.commands {
                guard (try? await run.sleep(until: command.at)) != nil else { return }
                group.addTask { await self.send(command, to: bots[command.bot]) }
            }
        }
    }

    private func send(_ command: SimulationPlan.Command, to bot: SimulatedBot) async {
        guard let type = CommandType(rawValue: command.type) else { return }
        let id = UUID()
        let request = CommandRequest(
            commandID: id,
            instanceID: bot.configuration.instanceID,
            commandType: type,
            ttlSeconds: Self.ttlSeconds
        )
        let issued = IssuedCommand(id: id, bot: command.bot, type: type)
        // Retry for a minute: the bot may not be registered yet, and the control plane may be unavailable for a while.
        for _ in 0..<120 {
            do {
                _ = try await client.createCommand(.init(body: request))
                return stored.withLock { $0.append(issued) }
            } catch let problem as Problem where problem.contractCode == .commandExists {
                // An earlier attempt stored it, and its response was lost.
                return stored.withLock { $0.append(issued) }
            } catch let problem as Problem where problem.status < 500 && problem.contractCode != .instanceNotFound {
                break
            } catch {
                try? await Task.sleep(for: .milliseconds(500))
            }
        }
        failures.withLock { $0 += 1 }
    }
}
