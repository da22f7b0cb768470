import AgentKit
import ArgumentParser
import ContractRuntime
import Foundation
import Generated
import Logging

@main
struct FleetSimulator: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fleet-sim",
        abstract:
            "Runs a fleet of simulated bots against a control plane, and compares what they sent with what it has.",
        discussion: """
            Each bot is a real agent with a journal and a spool of its own, over real HTTP. The seed decides what the bots report, which \
            commands they get and what goes wrong. The exit status is 1 when anything differs in the end.
            """,
        version: ContractDocument.version
    )

    @Option(help: "The control plane.")
    var url = "http://127.0.0.1:8000"

    @Option(help: "How many bots.")
    var instances = 100

    @Option(help: "For how many seconds they trade.")
    var duration = 60.0

    @Option(help: "What decides the run.")
    var seed: UInt64 = 1

    @Option(help: "What goes wrong: all, none, or some of \(Fault.allCases.map(\.rawValue).joined(separator: ",")).")
    var faults = "all"

    @Option(help: "Commands in a minute for the whole fleet; a fifth of the bots when left out.")
    var commands: Double?

    @Option(help: "Seconds between two heartbeats of a bot.")
    var heartbeat = 30.0

    @Option(help: "Seconds between two reports of a bot.")
    var interval = 10.0

    @Option(help: "The control plane's HEARTBEAT_STALE_SECONDS, after which it raises an alert.")
    var stale = 90.0

    @Option(help: "Where the bots keep their journals meanwhile; a temporary folder when left out.")
    var folder: String?

    func validate() throws {
        guard instances > 0, instances <= 100_000 else {
            throw ValidationError("--instances: 1 to 100000 were expected")
        }
        guard duration >= 5, duration <= 86_400 else {
            throw ValidationError("--duration: 5 to 86400 seconds were expected")
        }
        guard heartbeat >= 0.1, heartbeat * 2 < stale else {
            throw ValidationError("--heartbeat: from 0.1 to less than half of --stale was expected")
        }
        guard interval >= 0.1, interval <= duration else {
            throw ValidationError("--interval: from 0.1 to --duration was expected")
        }
        _ = try chosenFaults()
        guard token != nil else {
            throw ValidationError(
                "ADMIN_TOKEN is not set: the simulator gives commands and reads what the control plane has"
            )
        }
    }

    private var token: String? { ProcessInfo.processInfo.environment["ADMIN_TOKEN"] }

    private func chosenFaults() throws -> Set<Fault> {
        if faults == "all" { return Set(Fault.allCases) }
        if faults == "none" { return [] }
        return Set(
            try faults.split(separator: ",").map { name in
                guard let fault = Fault(rawValue: String(name)) else {
                    throw ValidationError("--faults: there is no fault '\(name)'")
                }
                return fault
            }
        )
    }

    func run() async throws {
        let plan = SimulationPlan(
            instances: instances,
            duration: duration,
            seed: seed,
            faults: try chosenFaults(),
            stale: stale,
            heartbeat: heartbeat,
            commandsPerMinute: commands ?? Double(instances) / 5
        )
        let place = folder ?? NSTemporaryDirectory() + "/fleet-sim-\(ProcessInfo.processInfo.processIdentifier)"
        defer { if folder == nil { try? FileManager.default.removeItem(atPath: place) } }
        var logger = Logger(label: "fleet-sim")
        // What bots say of the faults that they are given would bury the progress.
        logger.handler = SwiftLogNoOpLogHandler()
        let simulation = Simulation(
            plan,
            url: url,
            token: token ?? "",
            heartbeat: heartbeat,
            pause: interval,
            folder: place,
            logger: logger
        )
        let result = try await simulation.run(stale: stale)
        print(Summary(plan: plan, result: result, world: simulation.world).text)
        if !result.differences.isEmpty { throw ExitCode(1) }
    }
}
