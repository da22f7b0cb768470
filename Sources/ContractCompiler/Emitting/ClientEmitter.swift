/// The Swift text of the typed client.
enum ClientEmitter {
    static func client(_ contract: Contract) -> String {
        """
        /// Calls the operations of \(contract.title.isEmpty ? "the contract" : SwiftWriter.line(contract.title)) over a transport.
        public struct Client<Carrier: Transport>: Sendable {
            /// What carries requests to the service.
            public var transport: Carrier

            /// A client over `transport`.
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
        \(SwiftWriter.doc(operation.summary ?? operation.contractID, origin: operation.origin))
        public func \(operation.id)(_ input: \(operation.typeName).Input) async throws -> \(operation.typeName).Output {
            try await \(operation.typeName).send(input, over: transport)
        }
        """
    }

    /// A webhook or a callback: the receiver's address is known at run time only.
    private static func outgoing(_ operation: Operation) -> String {
        """
        \(SwiftWriter.doc(operation.summary ?? operation.contractID, origin: operation.origin))
        public func \(operation.id)(_ input: \(operation.typeName).Input, at url: String) async throws -> \(operation.typeName).Output {
            try await \(operation.typeName).send(input, over: transport, to: url)
        }
        """
    }
}
