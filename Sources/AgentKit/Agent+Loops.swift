import ContractRuntime
import Generated
import Logging

/// The background loops of an agent. Each loop repeats one method of Agent.swift.
extension Agent {
    /// How long a poll asks the control plane to wait for a command, in seconds.
    private static let pollWait = 55
    /// The pause between two reads of the command file, and after a poll that returned early without a command.
    private static let pollInterval = Duration.seconds(1)
    /// The longest pause after consecutive failures.
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
                // The pause lets reports accumulate, so that one request carries several.
                try await self.keepSending(self.telemetry.changed, pause: .seconds(1)) { try await self.sendReports() }
            }
        }
        if commander != nil { loops.append { try await self.keepPolling() } }
        if commandFile != nil { loops.append { try await self.keepReadingCommandFile() } }
        return loops
    }

    /// Sends a heartbeat at each interval, and immediately when the state changes.
    private func keepBeating() async throws {
        var failures = 0
        while true {
            var pause = configuration.heartbeatInterval
            do throws(CallFailure) {
                try await beat()
                if failures > 0 { logger.notice("heartbeats are accepted again after \(failures) failures") }
                failures = 0
            } catch {
                try Task.checkCancellation()
                failures += 1
                logger.warning("heartbeat failed: \(error)")
                // Retry faster until the dead-man timeout: one accepted heartbeat prevents the dead-man action.
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
                let commands = try await poll(waiting: Self.pollWait)
                failures = 0
                enqueue(commands)
                // The control plane did not wait, or it returned only commands that are already running.
                if commands.isEmpty, clock.elapsed() - start < .seconds(Self.pollWait / 2) { pause = Self.pollInterval }
            } catch {
                try Task.checkCancellation()
                failures += 1
                logger.warning("poll for commands failed: \(error)")
                pause = error.retryAfter ?? clock.backoff(after: failures, upTo: Self.longestBackoff)
            }
            try await Task.sleep(for: clock.jittered(pause))
        }
    }

    private func keepReadingCommandFile() async throws {
        while true {
            do {
                enqueue(try readCommandFile())
            } catch {
                logger.error("cannot use the command file: \(error)")
            }
            try await Task.sleep(for: clock.jittered(Self.pollInterval))
        }
    }

    /// Adds commands to their queue. Protective commands have a separate queue, so that they never wait for other commands.
    private func enqueue(_ commands: [AgentCommand]) {
        for command in commands {
            let queue = command.commandType.isProtective ? protectiveJobs : jobs
            queue.continuation.yield(.command(command))
        }
    }

    private func work(off stream: AsyncStream<Job>) async {
        for await job in stream {
            do {
                switch job {
                case .command(let command): try await execute(command)
                case .deadMan: try await act()
                }
            } catch is CancellationError {
                return
            } catch {
                logger.critical("cannot write a command to the journal: \(error)")
            }
        }
    }

    /// Calls `send` after each signal, and retries with backoff after a failure.
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
                logger.warning("acknowledgements or reports stay pending: \(error)")
                let backoff = clock.backoff(after: failures, upTo: Self.longestBackoff)
                try await Task.sleep(for: failure?.retryAfter ?? backoff)
            }
        }
    }

    /// Sends pending acknowledgements and reports, and the STOPPED state, for up to five seconds.
    func sendFinalMessages() async {
        let sending = Task {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { [self] in
                    try? await sendAcknowledgements()
                    try? await sendReports()
                }
                group.addTask { [self] in await reportStopped() }
            }
        }
        let timer = Task {
            try await Task.sleep(for: .seconds(5))
            sending.cancel()
        }
        await sending.value
        timer.cancel()
    }

    /// Reports STOPPED, so that an orderly shutdown raises no alert. Retries until it succeeds or the task is cancelled.
    private func reportStopped() async {
        guard let controlPlane, !safety.hasLostLease else { return }
        while !Task.isCancelled {
            if (try? await controlPlane.beat(heartbeat(.stopped), within: .seconds(2))) != nil { return }
            try? await Task.sleep(for: .milliseconds(200))
        }
    }
}

extension CommandType {
    /// Whether the command reduces risk, so that it must not wait for other commands.
    fileprivate var isProtective: Bool {
        switch self {
        case .safeMode, .flatten, .stop, .cancelAll: true
        case .start, .restart, .setMode, .syncBalance: false
        }
    }
}
