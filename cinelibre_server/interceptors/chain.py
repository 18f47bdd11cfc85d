"""The order of the interceptors, declared once, and their composition around every handler."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from types import MappingProxyType
from typing import Any

import grpc
from cinelibre.v1 import errors_pb2
from google.protobuf.descriptor import MethodDescriptor

from cinelibre_server.errors import DomainError
from cinelibre_server.interceptors.authentication import Authentication
from cinelibre_server.interceptors.call import Call, Interceptor, MethodInfo, Proceed
from cinelibre_server.interceptors.deadline import Deadline
from cinelibre_server.interceptors.errors import ErrorMapping
from cinelibre_server.interceptors.metrics import CallMetrics
from cinelibre_server.interceptors.rate_limit import RateLimit
from cinelibre_server.interceptors.request_context import RequestContext
from cinelibre_server.interceptors.tracing import Tracing
from cinelibre_server.interceptors.validation import Validation

# Outermost first. Work is rejected as early as it can be; metrics see the rejections; nothing escapes ErrorMapping.
ORDER: tuple[type[Interceptor], ...] = (
    ErrorMapping,
    RequestContext,
    Tracing,
    CallMetrics,
    Deadline,
    RateLimit,
    Authentication,
    Validation,
)


class InterceptorChain(grpc.GenericRpcHandler):
    """Wraps each handler once, at its first call, in all interceptors, whatever its arity.

    Services are added to it as to a server, and it to the server. As a grpc.aio.ServerInterceptor it would be asked
    anew at every call, which takes a tenth of the time of an empty one.
    """

    def __init__(self, interceptors: Sequence[Interceptor], methods: Mapping[str, MethodDescriptor]) -> None:
        """`methods` maps `/package.Service/Method` to its descriptor, for every method of our contract."""
        if tuple(type(interceptor) for interceptor in interceptors) != ORDER:
            raise ValueError(f"interceptors must be {', '.join(kind.__name__ for kind in ORDER)}, in this order")
        self._interceptors = tuple(interceptors)
        self._methods = methods
        self._services: list[grpc.GenericRpcHandler] = []
        self._wrapped: dict[str, Any] = {}
        self._unknown = self._wrap("unknown", grpc.unary_unary_rpc_method_handler(_unknown_method))

    def add_generic_rpc_handlers(self, generic_rpc_handlers: Iterable[grpc.GenericRpcHandler]) -> None:
        """What generated code calls to add a service."""
        self._services += generic_rpc_handlers

    def add_registered_method_handlers(self, service_name: str, method_handlers: Mapping[str, Any]) -> None:
        """Generated code calls this too, with the same handlers again."""

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        """The wrapped handler of the called method; an unknown method gets one that says so with details."""
        name = handler_call_details.method
        wrapped = self._wrapped.get(name)
        if wrapped is None:
            found = (service.service(handler_call_details) for service in self._services)
            handler = next(filter(None, found), None)
            if handler is None:
                return self._unknown
            wrapped = self._wrapped[name] = self._wrap(name, handler)
        return wrapped

    def _wrap(self, name: str, handler: Any) -> Any:
        info = MethodInfo.from_descriptor(name, self._methods.get(name), handler)
        respond = _respond_with_stream if info.response_streaming else _respond
        proceed: Proceed = partial(respond, behavior=_behavior(handler))
        for interceptor in reversed(self._interceptors):
            proceed = partial(interceptor, proceed=proceed)

        async def run(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
            call = Call(info, context, request, MappingProxyType(dict(context.invocation_metadata() or ())))
            await proceed(call)
            return call.response

        factory = {
            (False, False): grpc.unary_unary_rpc_method_handler,
            (False, True): grpc.unary_stream_rpc_method_handler,
            (True, False): grpc.stream_unary_rpc_method_handler,
            (True, True): grpc.stream_stream_rpc_method_handler,
        }[info.request_streaming, info.response_streaming]
        # Validation parses: a deserializer that fails outside the chain would send its exception's text to the caller.
        return factory(run, None, handler.response_serializer)


def _behavior(handler: Any) -> Callable[..., Any]:
    behavior: Callable[..., Any] = (
        handler.unary_unary or handler.unary_stream or handler.stream_unary or handler.stream_stream
    )
    return behavior


async def _respond(call: Call, behavior: Callable[..., Any]) -> None:
    """The innermost step: runs the handler."""
    call.response = await behavior(call.request, call.context)


async def _respond_with_stream(call: Call, behavior: Callable[..., Any]) -> None:
    """The innermost step for a streaming handler: runs it, and writes what it yields or lets it write by itself."""
    result = behavior(call.request, call.context)
    if hasattr(result, "__aiter__"):
        # A client that leaves must end the handler now, not when the garbage collector comes by.
        async with aclosing(result):
            async for message in result:
                await call.context.write(message)
    else:
        await result


async def _unknown_method(_request: bytes, _context: object) -> bytes:
    raise DomainError(
        grpc.StatusCode.UNIMPLEMENTED,
        errors_pb2.ERROR_REASON_UNKNOWN_METHOD,
        "There is no such RPC: `grpcurl list` shows those there are.",
    )
