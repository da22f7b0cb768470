extension Database {
    /// The notifications on a channel (PostgreSQL manual, "NOTIFY"), from now until the stream is dropped.
    ///
    /// They come over a connection of their own, which has to be a direct one. Whatever is sent while it is down is lost, so they are
    /// hints and never the only way to learn of something.
    ///
    /// - Parameter channel: A name of small letters, digits and underscores.
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
                        // The database is away: that is reported by those who need an answer.
                        Thread.sleep(.milliseconds(500))
                    }
                }
            }
        }
    }
}
