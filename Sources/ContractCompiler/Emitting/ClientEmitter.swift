/// Writes the typed client in Swift.
enum ClientEmitter {
    static func client(_ contract: Contract) -> String {
        """
        /// Calls the operations of \(contract.title.isEmpty ? "the contract" : SwiftWriter.line(contract.title)) over a transport.
        public struct Client<Carrier: Transport>: Sendable {
            /// The transport that sends requests to the server.
            public var transport: Carrier

            /// Creates a client that sends requests over `transport`.
            public init(_ transport: Carrier) {
                self.transport = transport
            }
        }

        extension Client {
            \((contract.operations.map(call) + contract.outgoing.map(outgoing)).lines("\n\n").indented())
        }
        """
    }

    private static func call(_ operation: Operation) -> String {
        """
        \(SwiftWriter.doc(operation.summary ?? operation.id, origin: operation.origin))
        public func \(operation.functionName)(_ input: \(operation.typeName).Input) async throws -> \(operation.typeName).Output {
            try await \(operation.typeName).send(input, over: transport)
        }
        """
    }

    /// A request of a webhook or callback, whose URL is known only at run time.
    private static func outgoing(_ operation: Operation) -> String {
        """
        \(SwiftWriter.doc(operation.summary ?? operation.id, origin: operation.origin))
        public func \(operation.functionName)(_ input: \(operation.typeName).Input, at url: String) async throws -> \(operation.typeName).Output {
            try await \(operation.typeName).send(input, over: transport, to: url)
        }
        """
    }
}
