import ContractRuntime
import Generated
import Logging

/// The loops. What each of them does once is a method of the agent.
extension Agent {
    /// How long a control plane that has no command is asked to wait, in seconds.
    private static let patience = 55
    /// Between two looks at a command file, and between two polls that were answered at once.
    private static let pollInterval = Duration.seconds(1)
    /// The longest pause after failures in a row.
    private static let longestBackoff = Duration.seconds(30)

    func loops() -> [@Sendable () async throws -> Void] {
        var loops: [@Sendable () async throws -> Void] = [
            { await self.work(off: self.jobs.stream) },
            { await self.work(off: self.protectiveJobs.stream) },
            { try await self.keepSending(self.outbox.changed, pause: .zero) { try await self.sendAcknowledgements() } },
        ]
        if controlPlane != nil {
            loops.append { try await self.keepBeating() }
            loops.append { try await self.keepWatching() }
            loops.append {
                // What is reported together is sent together.
                try await self.keepSending(self.telemetry.changed, pause: .seconds(1)) { try await self.sendReports() }
            }
        }
        if commander != nil { loops.append { try await self.keepPolling() } }
        if commandFile != nil { loops.append { try await self.keepLooking() } }
        return loops
    }

    /// Heartbeats at their interval, and one at once when the state changes.
    private func keepBeating() async throws {
        var failures = 0
        while true {
            var pause = configuration.heartbeatInterval
            do throws(CallFailure) {
                try await beat()
                if failures > 0 { logger.notice("the control plane answers again") }
                failures = 0
            } catch {
                try Task.checkCancellation()
                failures += 1
                logger.warning("a heartbeat failed: \(error)")
                // Until the dead-man switch has acted, every heartbeat that gets through may still prevent that.
                let limit = safety.hasExpired ? pause : pause / 3
                if !safety.hasLostLease { pause = error.retryAfter ?? clock.backoff(after: failures, upTo: limit) }
            }
            try await safety.changed.wait(atMost: clock.jittered(pause))
        }
    }

    private func keepWatching() async throws {
        while true {
            try await Task.sleep(for: safety.untilNextTick)
            if await tick() { protectiveJobs.continuation.yield(.deadMan) }
        }
    }

    private func keepPolling() async throws {
        var failures = 0
        while !safety.hasLostLease {
            let start = clock.elapsed()
            var pause = Duration.zero
            do throws(CallFailure) {
                let commands = try await poll(waiting: Self.patience)
                failures = 0
                give(commands)
                // Nothing new, and no wait for it: a control plane that does not wait, or commands that are being carried out.
                if commands.isEmpty, clock.elapsed() - start < .seconds(Self.patience / 2) { pause = Self.pollInterval }
            } catch {
                try Task.checkCancellation()
                failures += 1
                logger.warning("a poll for commands failed: \(error)")
                pause = error.retryAfter ?? clock.backoff(after: failures, upTo: Self.longestBackoff)
            }
            try await Task.sleep(for: clock.jittered(pause))
        }
    }

    private func keepLooking() async throws {
        while true {
            do {
                give(try look())
            } catch {
                logger.error("the command file cannot be used: \(error)")
            }
            try await Task.sleep(for: clock.jittered(Self.pollInterval))
        }
    }

    /// Hands commands to the lanes. What protects waits for nothing that does not.
    private func give(_ commands: [AgentCommand]) {
        for command in commands {
            let lane = command.commandType.isProtective ? protectiveJobs : jobs
            lane.continuation.yield(.command(command))
        }
    }

    private func work(off stream: AsyncStream<Job>) async {
        for await job in stream {
            do {
                switch job {
                case .command(let command): try await carryOut(command)
                case .deadMan: try await act()
                }
            } catch is CancellationError {
                return
            } catch {
                logger.critical("a command could not be entered in the journal: \(error)")
            }
        }
    }

    /// Sends what waits whenever there is something, and again after a pause when that fails.
    private func keepSending(_ changed: Signal, pause: Duration, _ send: () async throws -> Void) async throws {
        var failures = 0
        while true {
            do {
                try await send()
                failures = 0
                try await changed.wait(atMost: .seconds(3600))
                try await Task.sleep(for: clock.jittered(pause))
            } catch {
                try Task.checkCancellation()
                let failure = error as? CallFailure
                failures = failure?.followsSuccess == true ? 1 : failures + 1
                logger.warning("acknowledgements or reports wait: \(error)")
                let backoff = clock.backoff(after: failures, upTo: Self.longestBackoff)
                try await Task.sleep(for: failure?.retryAfter ?? backoff)
            }
        }
    }

    /// The last things that are sent, for five seconds at most.
    func farewell() async {
        let sending = Task {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { [self] in
                    try? await sendAcknowledgements()
                    try? await sendReports()
                }
                group.addTask { [self] in await sayStopped() }
            }
        }
        let timer = Task {
            try await Task.sleep(for: .seconds(5))
            sending.cancel()
        }
        await sending.value
        timer.cancel()
    }

    /// A bot that ends in order is not to be looked for.
    private func sayStopped() async {
        guard let controlPlane, !safety.hasLostLease else { return }
        while !Task.isCancelled {
            if (try? await controlPlane.beat(heartbeat(.stopped), within: .seconds(2))) != nil { return }
            try? await Task.sleep(for: .milliseconds(200))
        }
    }
}

extension CommandType {
    /// Whether it makes a bot safer, so that it waits for no other command.
    fileprivate var isProtective: Bool {
        switch self {
        case .safeMode, .flatten, .stop, .cancelAll: true
        case .start, .restart, .setMode, .syncBalance: false
        }
    }
}
