import ContractRuntime
import Generated
import Logging
import Synchronization

/// The background loops of an agent, and the steps that they repeat.
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
        if let controlPlane, let credential {
            loops.append { try await self.keepRotating(credential, at: controlPlane) }
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

    /// Rotates the credential when it is due, and when the control plane rejects it: an earlier rotation may have lost its response.
    private func keepRotating(_ credential: Credential, at controlPlane: ControlPlane) async throws {
        var failures = 0
        while true {
            let pause = credential.dueIn
            let isRejected = isRejected.withLock { isRejected in
                defer { isRejected = false }
                return isRejected
            }
            guard pause == .zero || isRejected else {
                try await rejected.wait(atMost: pause)
                continue
            }
            do {
                try await credential.rotate(at: controlPlane)
                failures = 0
                logger.notice("the credential was rotated")
            } catch {
                try Task.checkCancellation()
                failures += 1
                logger.warning("the credential was not rotated: \(error)")
                let backoff = clock.backoff(after: failures, upTo: Self.longestBackoff * 20)
                try await Task.sleep(for: (error as? CallFailure)?.retryAfter ?? backoff)
            }
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

    // MARK: - Steps

    /// Checks the configuration, and acknowledges commands that an earlier process started and did not finish.
    func start() async throws {
        if configuration.deadManAction == .flatten, processor.handlers.withLock({ $0[.flatten] }) == nil {
            throw AgentConfigurationError(
                description: "DEADMAN_ACTION is FLATTEN, but the bot has no handler for FLATTEN"
            )
        }
        try await processor.settleUnfinished()
        if controlPlane == nil { logger.warning("no control plane is configured: the dead-man switch is off") }
        if safety.reported != .normal {
            logger.warning("starting in \(safety.reported.rawValue): new orders are blocked; START permits them again")
        }
    }

    /// Sends one heartbeat and renews the lease if the control plane accepts it.
    func beat() async throws(CallFailure) {
        guard let controlPlane else { return }
        let limit = min(configuration.heartbeatInterval, ControlPlane.limit)
        do throws(CallFailure) {
            try await controlPlane.beat(heartbeat(safety.reported), within: limit)
            isUnregistered.withLock { $0 = false }
            await safety.contact()
        } catch {
            if [.tooManyRegistrations, .tooManyInstances].contains(error.code) {
                let wasUnregistered = isUnregistered.withLock { isUnregistered in
                    defer { isUnregistered = true }
                    return isUnregistered
                }
                if !wasUnregistered { logger.critical("the control plane refused to register this instance: \(error)") }
            }
            if error.status == 401 {
                isRejected.withLock { $0 = true }
                rejected.set()
            }
            if error.code == .leaseLost {
                if !safety.hasLostLease {
                    logger.critical("another process has taken over this instance: new orders are blocked")
                }
                safety.loseLease()
            }
            throw error
        }
    }

    func heartbeat(_ state: AgentState) -> Heartbeat {
        let profile = profile.withLock { $0 }
        return Heartbeat(
            instanceID: configuration.instanceID,
            botID: configuration.botID,
            runtimeMode: configuration.runtimeMode,
            exchange: configuration.exchange,
            symbol: configuration.symbol,
            version: configuration.version,
            timestamp: clock.wall(),
            metadata: metadata.withLock { $0 },
            bootID: bootID,
            state: state,
            software: profile.software,
            strategyName: profile.strategyName,
            strategyVersion: profile.strategyVersion,
            strategyHash: profile.strategyHash,
            uiURL: profile.uiURL,
            symbols: profile.symbols,
            accounts: profile.accounts,
            stateCause: state == safety.reported ? safety.cause : nil
        )
    }

    /// Polls the control plane once, and returns the commands to execute.
    ///
    /// - Parameter seconds: How long the control plane may hold the request until there is a command, 0 to 60.
    func poll(waiting seconds: Int) async throws(CallFailure) -> [AgentCommand] {
        guard let commander else { return [] }
        let commands = try await commander.commands(for: configuration.instanceID, waiting: seconds)
        // Operators cannot see or command an unregistered instance, so its polls renew no lease.
        if !isUnregistered.withLock({ $0 }) { await safety.contact() }
        // After LEASE_LOST the other process executes the commands.
        return safety.hasLostLease ? [] : accept(commands)
    }

    /// Reads the command file, and returns the commands to execute.
    func readCommandFile() throws -> [AgentCommand] {
        guard let commandFile else { return [] }
        return accept(try commandFile.take(unless: processor.isJournaled))
    }

    /// Returns the commands to execute. Refused commands are acknowledged, and repeated ones are ignored.
    private func accept(_ commands: [JSONValue]) -> [AgentCommand] {
        commands.compactMap { json in
            switch processor.decide(on: json) {
            case .execute(let command): return command
            case .refuse(let acknowledgement): outbox.refuse(acknowledgement)
            case .ignore: break
            }
            return nil
        }
    }

    /// Executes one command.
    func execute(_ command: AgentCommand) async throws { try await processor.execute(command) }

    /// Checks the time since the last contact, and returns whether the dead-man action is due.
    func tick() async -> Bool {
        switch await safety.tick() {
        case .expired?:
            let action = configuration.deadManAction.rawValue
            logger.critical("no contact with the control plane for \(configuration.deadManTimeout): starting \(action)")
            return true
        case .resumed?:
            logger.notice("back to NORMAL: the control plane has answered for DEADMAN_RESUME_SECONDS")
            return false
        case nil: return false
        }
    }

    /// Runs the configured dead-man action.
    func act() async throws { try await processor.act(configuration.deadManAction) }

    /// Sends all pending acknowledgements.
    func sendAcknowledgements() async throws { try await outbox.flush() }

    /// Sends all pending reports, unless another process has taken over the instance.
    func sendReports() async throws {
        if !safety.hasLostLease { try await reporter?.flush() }
    }
}

extension CommandType {
    /// Whether the command reduces risk, so that it must not wait for other commands.
    var isProtective: Bool {
        switch self {
        case .safeMode, .reduceOnly, .flatten, .stop, .cancelAll: true
        case .start, .restart, .setMode, .syncBalance: false
        }
    }
}
