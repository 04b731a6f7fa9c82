using System.Collections;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Wolverine.ErrorHandling;
using Wolverine.Runtime.Handlers;
using Wolverine.Runtime.Persistence;

namespace Wolverine.Runtime;

/// <summary>Calls handlers, and does what the policies say when they fail.</summary>
internal sealed partial class Executor(WolverineRuntime runtime, IServiceScopeFactory scopes, ILogger logger)
{
    private static readonly ActivitySource source = new("Wolverine");

    private readonly WolverineOptions options = runtime.Options;

    /// <summary>
    /// One message of a queue, to its end: handled, stored for later, dead, or left where it is.
    /// </summary>
    public async Task Handle(LocalQueue queue, Envelope envelope, CancellationToken aborted)
    {
        try
        {
            if (queue.IsDurable && !await runtime.MayHandle(envelope, aborted)) return;

            await HandleOwned(queue, envelope, aborted);
        }
        catch (Exception) when (aborted.IsCancellationRequested)
        {
            // The process ends. A stored message is handled by the next.
        }
        catch (NotOurMessageException lost)
        {
            logger.LogWarning("{Reason}", lost.Message);
            runtime.Owned?.Forget(envelope.Id);
        }
        catch (Exception defect)
        {
            // A defect of ours must not end the queue. The search for lost messages brings this one back.
            logger.LogCritical(defect, "{Message} could not be brought to an end", envelope);
            runtime.Owned?.Forget(envelope.Id);
        }
    }

    /// <summary>Here and now. The handler's value of that type, if one is asked for.</summary>
    public async Task<object?> Invoke(
        Envelope envelope, Type? response, TimeSpan? timeout, CancellationToken cancellation)
    {
        var chain = runtime.Handlers.Find(envelope.Message!.GetType())
            ?? throw new NoHandlerForMessageException(envelope.Message.GetType());
        while (true)
        {
            try
            {
                var done = await Run(chain, envelope, response, timeout, cancellation);
                await runtime.StoreAll(done.Sent, CancellationToken.None);
                foreach (var sent in done.Sent) runtime.Release(sent);
                return done.Response;
            }
            catch (Exception failure) when (!cancellation.IsCancellationRequested)
            {
                var step = chain.Decide(failure, envelope.Attempts, options.Failures);
                if (step.Action != FailureAction.Retry) throw;

                FailedAttempt(failure, envelope.MessageType, envelope.Id, envelope.Attempts, step.Action);
                await Task.Delay(step.Delay, runtime.Time, cancellation);
            }
        }
    }

    private async Task HandleOwned(LocalQueue queue, Envelope envelope, CancellationToken aborted)
    {
        if (envelope.IsExpiredAt(runtime.Time.GetUtcNow()))
        {
            logger.LogInformation("{Message} came too late and is dropped", envelope);
            runtime.FinishWithout(queue, envelope);
            return;
        }

        HandlerChain chain;
        try
        {
            chain = runtime.Unpack(envelope);
        }
        catch (Exception unreadable)
        {
            await End(queue, envelope, unreadable, FailureStep.DeadLetter, aborted);
            return;
        }

        while (true)
        {
            var (failure, step) = await Attempt(queue, chain, envelope, aborted);
            if (failure is null) return;

            if (step.Action != FailureAction.Retry)
            {
                await End(queue, envelope, failure, step, aborted);
                return;
            }

            await Task.Delay(step.Delay, runtime.Time, aborted);
        }
    }

    private async Task<(Exception? Failure, FailureStep Step)> Attempt(
        LocalQueue queue, HandlerChain chain, Envelope envelope, CancellationToken aborted)
    {
        using var activity = source.StartActivity(
            envelope.MessageType!, ActivityKind.Consumer, envelope.ParentId);
        Done done;
        try
        {
            done = await Run(chain, envelope, null, null, aborted);
        }
        catch (Exception failure)
            when (!aborted.IsCancellationRequested && failure is not NotOurMessageException)
        {
            activity?.SetStatus(ActivityStatusCode.Error, failure.Message);
            envelope.Failure = failure;
            var step = chain.Decide(failure, envelope.Attempts, options.Failures);
            FailedAttempt(failure, envelope.MessageType, envelope.Id, envelope.Attempts, step.Action);
            return (failure, step);
        }

        await runtime.Finish(queue, envelope, done.Sent, aborted);
        logger.Log(options.SuccessLevel, "Handled {Message}", envelope);
        return (null, default);
    }

    private async Task End(
        LocalQueue queue, Envelope envelope, Exception failure, FailureStep step, CancellationToken aborted)
    {
        switch (step.Action)
        {
            case FailureAction.Requeue:
                queue.Enqueue(envelope);
                return;
            case FailureAction.Schedule:
                await runtime.Later(queue, envelope, runtime.Time.GetUtcNow() + step.Delay, aborted);
                return;
            case FailureAction.Discard:
                runtime.FinishWithout(queue, envelope);
                return;
            default:
                await runtime.Bury(queue, envelope, failure, aborted);
                return;
        }
    }

    private async Task<Done> Run(
        HandlerChain chain, Envelope envelope, Type? response, TimeSpan? timeout,
        CancellationToken cancellation)
    {
        envelope.Attempts++;
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limited.CancelAfter(timeout ?? options.DefaultExecutionTimeout);
        await using var scope = scopes.CreateAsyncScope();
        var context = scope.ServiceProvider.GetRequiredService<MessageContext>();
        context.Begin(envelope);

        var transaction = runtime.TransactionsFor(chain)?.Begin(scope.ServiceProvider, context);
        var answer = new Answer(response);
        foreach (var method in chain.Methods)
        {
            var returned = await method.Call(new(
                envelope.Message!, envelope, context, scope.ServiceProvider, runtime.Time.GetUtcNow(),
                limited.Token));
            await Send(returned, context, answer);
        }

        if (transaction is not null)
        {
            var owner = envelope.WasPersistedInInbox ? envelope.OwnerId : 0;
            await transaction.Commit(owner, runtime.KeepUntil(), limited.Token);
            if (owner != 0) envelope.Status = EnvelopeStatus.Handled;
        }

        await context.SettleForgottenTransaction(limited.Token);
        return new(context.TakeOutstanding(), answer.Value);
    }

    private static async Task Send(object? returned, MessageContext context, Answer answer)
    {
        if (returned is null || answer.Takes(returned)) return;

        switch (returned)
        {
            case ITuple tuple when returned.GetType().Namespace == nameof(System):
                for (var place = 0; place < tuple.Length; place++)
                    await Send(tuple[place], context, answer);
                return;
            case ISendMyself itself:
                await itself.ApplyAsync(context);
                return;
            case IEnumerable<object> several:
                foreach (var one in several) await Send(one, context, answer);
                return;
            case IAsyncEnumerable<object> several:
                await foreach (var one in several) await Send(one, context, answer);
                return;
            case INotToBeRouted or IEnumerable or Envelope:
                throw new InvalidHandlerException(
                    $"A handler of {context.Envelope} returned {returned.GetType().FullName}, which is "
                    + "neither a message nor something that is done here.");
            default:
                await context.PublishAsync(returned);
                return;
        }
    }

    [LoggerMessage(LogLevel.Error, "{MessageType} {Id} failed at attempt {Attempt}: {Action}")]
    private partial void FailedAttempt(
        Exception failure, string? messageType, Guid id, int attempt, FailureAction action);

    private sealed record Done(IReadOnlyList<Envelope> Sent, object? Response);

    /// <summary>Keeps the one value that an invoker asked for.</summary>
    private sealed class Answer(Type? wanted)
    {
        public object? Value { get; private set; }

        public bool Takes(object returned)
        {
            if (wanted is null || Value is not null || !wanted.IsInstanceOfType(returned)) return false;

            Value = returned;
            return true;
        }
    }
}
