extension Database {
    /// The notifications on a channel (PostgreSQL manual, "NOTIFY"), from now until the stream ends.
    ///
    /// They arrive on a separate connection, which must be direct. Notifications sent while it is down are lost, so they are only hints.
    ///
    /// - Parameter channel: A name of lowercase letters, digits and underscores.
    public func notifications(on channel: String) -> AsyncStream<String> {
        AsyncStream { continuation in
            let isOver = Monitor(false)
            continuation.onTermination = { _ in isOver.update { $0 = true } }
            Thread.start { [url = configuration.url] in
                while !isOver.withLock({ $0 }) {
                    do throws(PostgresError) {
                        let connection = try Connection(url)
                        try connection.executeScript("LISTEN \(channel)")
                        while !isOver.withLock({ $0 }) {
                            for payload in try connection.notifications(within: 500) { continuation.yield(payload) }
                        }
                    } catch {
                        // The database is unavailable. Calls that need an answer report that.
                        Thread.sleep(.milliseconds(500))
                    }
                }
            }
        }
    }
}
