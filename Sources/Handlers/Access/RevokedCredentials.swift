import ContractRuntime
import Postgres

extension API {
    /// The time between two checks of the credentials of streams and polls.
    static let credentialInterval = Duration.seconds(2)

    /// The credentials that are not valid any more.
    func revoked(_ credentials: Set<RequestClient.Credential>) async throws(Problem) -> Set<RequestClient.Credential> {
        if credentials.isEmpty { return [] }
        var (tokens, sessions): ([String], [String]) = ([], [])
        for credential in credentials {
            switch credential {
            case .token(let hash): tokens.append(hash)
            case .session(let hash): sessions.append(hash)
            }
        }
        // traps: hashes are hexadecimal, where equal texts have the same code points.
        let ended = Set(
            try await run(
                .revokedCredentials(
                    tokens: tokens,
                    sessions: sessions,
                    idleSeconds: configuration.sessionIdleSeconds,
                    checkSeconds: OpenIDPerson.Check.validSeconds,
                    graceSeconds: OpenIDPerson.Check.graceSeconds
                )
            )
        )
        return credentials.filter { credential in
            switch credential {
            case .token(let hash), .session(let hash): ended.contains(hash)
            }
        }
    }

    /// Rejects a credential that is not valid any more.
    func requireValid(_ credential: RequestClient.Credential?) async throws(Problem) {
        guard let credential, try await !revoked([credential]).isEmpty else { return }
        throw .unauthorized
    }

    /// Ends the event streams and the waiting polls of credentials that are not valid any more, until it is cancelled.
    public func endRevokedStreams() async {
        while (try? await Task.sleep(for: Self.credentialInterval)) != nil {
            // If this query fails, the next one makes up for it.
            guard let ended = try? await revoked(hub.credentials.union(waiters.credentials)), !ended.isEmpty else {
                continue
            }
            hub.close(ended)
            waiters.wake(ended)
        }
    }
}
