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
            "Run a fleet of simulated bots against a control plane, and compare their reports with the stored data.",
        discussion: """
            Each bot is a real agent with its own journal and spool, and uses real HTTP. The seed determines the reports, the commands and \
            the faults. The exit status is 1 if there are differences. ADMIN_TOKEN must contain the token of an operator.
            """,
        version: ContractDocument.version
    )

    @Option(help: "The URL of the control plane.")
    var url = "http://127.0.0.1:8000"

    @Option(help: "The number of bots, 1 to 100000.")
    var instances = 100

    @Option(help: "How long the bots trade, in seconds, 5 to 86400.")
    var duration = 60.0

    @Option(help: "The seed of all random decisions.")
    var seed: UInt64 = 1

    @Option(
        help:
            "The faults to inject: all, none, or a comma-separated list of \(Fault.allCases.map(\.rawValue).joined(separator: ","))."
    )
    var faults = "all"

    @Option(help: "Commands per minute for the whole fleet. (default: a fifth of the number of bots)")
    var commands: Double?

    @Option(help: "Seconds between heartbeats of a bot, at least 0.1 and less than half of --stale.")
    var heartbeat = 30.0

    @Option(help: "Seconds between reports of a bot, 0.1 to --duration.")
    var interval = 10.0

    @Option(help: "HEARTBEAT_STALE_SECONDS of the control plane, after which it raises an alert.")
    var stale = 90.0

    @Option(help: "An enrolment code for all bots, which then have credentials.")
    var enroll: String?

    @Option(help: "The directory for the journals of the bots. (default: a temporary directory)")
    var folder: String?

    func validate() throws {
        guard instances > 0, instances <= 100_000 else {
            throw ValidationError("--instances: must be from 1 to 100000")
        }
        guard duration >= 5, duration <= 86_400 else {
            throw ValidationError("--duration: must be from 5 to 86400 seconds")
        }
        guard heartbeat >= 0.1, heartbeat * 2 < stale else {
            throw ValidationError("--heartbeat: must be at least 0.1 and less than half of --stale")
        }
        guard interval >= 0.1, interval <= duration else {
            throw ValidationError("--interval: must be from 0.1 to --duration")
        }
        _ = try chosenFaults()
        guard token != nil else {
            throw ValidationError(
                "ADMIN_TOKEN: found nothing, expected the token of an operator who may send commands and read all data"
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
                    throw ValidationError("--faults: '\(name)' is not a fault; see --help")
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
        let directory = folder ?? NSTemporaryDirectory() + "/fleet-sim-\(ProcessInfo.processInfo.processIdentifier)"
        defer { if folder == nil { try? FileManager.default.removeItem(atPath: directory) } }
        var logger = Logger(label: "fleet-sim")
        // The agents' messages about injected faults would hide the progress.
        logger.handler = SwiftLogNoOpLogHandler()
        let simulation = Simulation(
            plan,
            url: url,
            token: token ?? "",
            heartbeat: heartbeat,
            pause: interval,
            folder: directory,
            logger: logger
        )
        if let enroll {
            let duration = try await simulation.enroll(with: enroll)
            print("Enrolled \(instances) instances in \(String(format: "%.1f", duration / .seconds(1))) s")
        }
        let result = try await simulation.execute(stale: stale)
        print(Summary(plan: plan, result: result, run: simulation.run).text)
        if !result.differences.isEmpty { throw ExitCode(1) }
    }
}
