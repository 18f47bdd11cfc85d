"""What `cinelibre up` prints when everything answers."""

import shlex
import sys

from rich.console import Console

from cinelibre_server.local.stack import Endpoints

_PYTHON = """{python} -c "
import grpc
from cinelibre.v1 import search_pb2, search_pb2_grpc
search = search_pb2_grpc.SearchServiceStub(grpc.insecure_channel('{grpc}'))
for hit in search.SemanticSearch(search_pb2.SemanticSearchRequest(q='a village boy and a train', limit=3)).hits:
    print(round(hit.score, 3), hit.item.movie.title or hit.item.book.title)
\""""


def print_welcome(endpoints: Endpoints) -> None:
    """The endpoints, and three calls to paste."""
    console = Console(soft_wrap=True, highlight=False)
    console.print("\n[bold]CineLibre is running.[/bold] Ctrl-C stops it.\n")
    if endpoints.http:
        console.print(f"  JSON       {endpoints.http}")
        console.print(f"  reference  {endpoints.http}/docs")
    console.print(f"  gRPC       {endpoints.grpc}")
    if endpoints.metrics:
        console.print(f"  metrics    {endpoints.metrics}")
    console.print("\nTry it:\n")
    if endpoints.http:
        console.print(f"  curl '{endpoints.http}/search/semantic?q=action&limit=5'\n", markup=False)
    console.print(
        f"  grpcurl -plaintext -d '{{\"limit\": 5}}' {endpoints.grpc} cinelibre.v1.RecommendService/ListPopular\n",
        markup=False,
    )
    console.print("  " + _PYTHON.format(python=shlex.quote(sys.executable), grpc=endpoints.grpc) + "\n", markup=False)
