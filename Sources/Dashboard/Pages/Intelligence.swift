import ContractRuntime
import Generated

extension Dashboard {
    /// `/markets`: the latest value of each index.
    func markets(_ request: WebRequest) async throws(Problem) -> PageView {
        let indices = try await api.getLatestIndices(input(request)).body
        let figures = indices.items.map { index in
            Block.Figure(
                index.indexName,
                Figures.amount(index.value),
                note: "\(Figures.duration(seconds: index.timestamp.seconds(until: .now))) old"
            )
        }
        let empty = Block(
            "empty",
            "No indices reported",
            .text(
                "Report indices with POST /ingest/indices. The API reference describes the request body."
            )
        )
        return PageView(
            title: "Markets",
            note: "Latest value of each index that the fleet reports",
            blocks: figures.isEmpty
                ? [empty, Self.reference("postIndex")]
                : [Block("indices", shape: "plain", asOf: .now, .figures(figures))]
        )
    }

    /// `/datasets`: the stored datasets, with links to export them.
    func datasets(_ request: WebRequest) async throws(Problem) -> PageView {
        let costs = try await api.listCosts(input(request, ["page_size": "1"])).body
        let samples = try await api.listExecutionSamples(input(request, ["page_size": "1"])).body
        let entries = try await api.listAuditLogs(input(request, ["page_size": "1"])).body
        func row(_ name: String, _ kind: String, _ page: some CountLimitedPage, _ newest: Timestamp?, _ csv: String)
            -> Row
        {
            Row(
                key: name,
                cells: [
                    .text(name), .text(kind), .text(page.totalText), .age(newest),
                    Cell(text: "CSV", href: "/api/\(csv)?limit=100000"),
                ]
            )
        }
        let table = Table(
            caption: "Datasets",
            columns: [
                .init("Dataset"), .init("Kind"), .init("Rows", isNumeric: true),
                .init("Age of latest row", isNumeric: true),
                .init("Export"),
            ],
            rows: [
                row("Costs", "ledger", costs, costs.items.first?.timestamp, "analytics/costs.csv"),
                row(
                    "Executions",
                    "samples",
                    samples,
                    samples.items.first?.timestamp,
                    "analytics/execution-samples.csv"
                ),
                row("Audit log", "ledger", entries, entries.items.first?.timestamp, "audit/logs.csv"),
            ]
        )
        return PageView(
            title: "Datasets",
            note: "Export series of metrics from the page of an instance",
            blocks: [Block("datasets", "Datasets", asOf: .now, .table(table.labelled())), Self.reference("postMetric")]
        )
    }

    private static func reference(_ operation: String) -> Block {
        Block(
            "feeds",
            "Data source",
            .facts([Block.Fact("API reference", Cell(text: operation, href: "/reference#\(operation)"))])
        )
    }
}
