using Billing.Testbed;
using JasperFx.Resources;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Wolverine;
using Wolverine.Attributes;
using Wolverine.ErrorHandling;
using Wolverine.Postgresql;
using Wolverine.Runtime;
using Wolverine.Runtime.Handlers;
using Wolverine.Runtime.Routing;

namespace Billing.StandIns.Tests.Messaging;

/// <summary>What needs no database: queues in memory, invocation, discovery.</summary>
public sealed class BusTests
{
    private Seen seen = null!;

    [SetUp]
    public void Prepare() => seen = new();

    [Test]
    public async Task an_invoked_message_is_handled_here_and_now_and_answers()
    {
        using var host = await Start(typeof(Answers));

        (await host.MessageBus().InvokeAsync<Answer>(new Question(20))).ShouldBe(new(21));
        await host.MessageBus().InvokeAsync(new Question(1));

        // Asked for, an answer is not sent; not asked for, it is.
        await seen.Has("answer 2");
        seen.Words.ShouldBe(["asked 20", "asked 1", "answer 2"]);
    }

    [Test]
    public async Task an_invoked_message_is_retried_at_once_but_never_put_off()
    {
        using var host = await Start(typeof(Answers), options =>
        {
            options.OnException<TimeoutException>().RetryTimes(2).Then.ScheduleRetry(TimeSpan.FromDays(1));
            options.OnException<ArgumentException>().Discard();
        });

        await Should.ThrowAsync<TimeoutException>(() => host.MessageBus().InvokeAsync(new Question(-1)));
        await Should.ThrowAsync<ArgumentException>(() => host.MessageBus().InvokeAsync(new Question(-2)));
        await Should.ThrowAsync<NoHandlerForMessageException>(
            () => host.MessageBus().InvokeAsync(new Unheard()));

        seen.Words.ShouldBe(["asked -1", "asked -1", "asked -1", "asked -2"]);
    }

    [Test]
    public async Task what_nobody_wants_cannot_be_sent_but_published()
    {
        using var host = await Start(typeof(Answers));

        await host.MessageBus().PublishAsync(new Unheard());
        await Should.ThrowAsync<IndeterminateRoutesException>(
            () => host.MessageBus().SendAsync(new Unheard()).AsTask());
    }

    [Test]
    public async Task handlers_are_found_by_the_name_of_their_class_or_by_attribute()
    {
        using var host = Build(options =>
        {
            options.Discovery.DisableConventionalDiscovery(false);
            options.ApplicationAssembly = typeof(BusTests).Assembly;
        });
        await host.StartAsync();

        await host.SendAsync(new Found("a"));

        await seen.Has("by name a", "by instance a", "by attribute a");
        await host.StopAsync();
        seen.Words.ShouldNotContain("ignored");
        seen.Words.ShouldContain("disposed");
    }

    [Test]
    public async Task a_handler_gets_what_it_asks_for()
    {
        var time = new VirtualTime(new(2026, 5, 5, 0, 0, 0, TimeSpan.Zero));
        using var host = Build(options => options.Discovery.IncludeType(typeof(Curious)), time);
        await host.StartAsync();

        await host.MessageBus().InvokeAsync(
            new Curiosity(),
            new DeliveryOptions { CorrelationId = "c-1", TenantId = "t-1" }.WithHeader("h", "1"));

        await seen.Has("c-1 t-1 1 2026-05-05 True");
        await host.StopAsync();
    }

    [TestCase(typeof(AsksTooMuch), "no registered service")]
    [TestCase(typeof(AsksForLambda), "NotAllowed")]
    [TestCase(typeof(HasBefore), "not offered")]
    [TestCase(typeof(HandlesInterface), "concrete type")]
    public void what_could_not_be_called_is_refused_when_the_host_starts(Type handler, string reason)
    {
        using var host = Build(options =>
        {
            options.Discovery.IncludeType(handler);
            options.Services.AddScoped<IFormatProvider>(_ => null!);
        });

        Should.Throw<InvalidHandlerException>(() => host.StartAsync()).Message.ShouldContain(reason);
    }

    [Test]
    public void two_messages_of_one_name_are_refused()
    {
        using var host = Build(options =>
        {
            options.Discovery.IncludeType(typeof(Answers));
            options.RegisterMessageType(typeof(Question), "same");
            options.RegisterMessageType(typeof(Answer), "same");
        });

        Should.Throw<InvalidOperationException>(() => host.StartAsync()).Message.ShouldContain("same name");
    }

    [Test]
    public void a_durable_queue_needs_a_storage()
    {
        using var host = Build(options =>
        {
            options.Discovery.IncludeType(typeof(Answers));
            options.Policies.UseDurableLocalQueues();
        });

        Should.Throw<InvalidOperationException>(() => host.StartAsync()).Message.ShouldContain("durable");
    }

    [Test]
    public async Task the_tables_are_made_by_who_may_in_any_schema_and_twice_without_harm()
    {
        await using var messages = await MessageDatabase.Create();
        var database = messages.Database;
        using var host = Build(options => options.PersistMessagesWithPostgresql(database.Owner, "elsewhere"));

        await host.SetupResources();
        await host.SetupResources();
        await host.ResetResourceState();

        (await database.Ask<long>(
            database.Admin,
            "select count(*) from pg_tables where schemaname = 'elsewhere' and tablename like 'wolverine_%'"))
            .ShouldBe(4);
        Should.Throw<ArgumentOutOfRangeException>(() =>
            Build(options => options.PersistMessagesWithPostgresql(database.Owner, "else; drop")));
    }

    [Test]
    public void ids_only_grow_whatever_the_clock_does()
    {
        var time = new VirtualTime(new(2026, 5, 5, 0, 0, 0, TimeSpan.Zero));
        var ids = new EnvelopeIds(time);
        var made = new List<Guid>();
        for (var number = 0; number < 10_000; number++)
        {
            if (number % 1000 == 500) time.Advance(TimeSpan.FromHours(number % 3000 == 500 ? -5 : 2));
            made.Add(ids.Next());
        }

        made.ShouldBe(made.OrderBy(id => id.ToString(), StringComparer.Ordinal));
        made.ShouldBe(made.Order());
        made.Distinct().Count().ShouldBe(made.Count);
        made.ShouldAllBe(id => id.Version == 7);
    }

    private async Task<IHost> Start(Type handler, Action<WolverineOptions>? configure = null)
    {
        var host = Build(options =>
        {
            options.Discovery.IncludeType(handler);
            configure?.Invoke(options);
        });
        await host.StartAsync();

        return host;
    }

    private IHost Build(Action<WolverineOptions> configure, TimeProvider? time = null) =>
        MessagingHost.Build(configure, seen, time);

    public sealed record Question(int Number);

    public sealed record Answer(int Number);

    public sealed record Unheard;

    public static class Answers
    {
        public static async Task<Answer> Handle(Question question, Seen seen)
        {
            await Task.Yield();
            seen.Add($"asked {question.Number}");

            return question.Number switch
            {
                -1 => throw new TimeoutException("no answer"),
                -2 => throw new ArgumentException("no question"),
                _ => new(question.Number + 1),
            };
        }

        public static ValueTask<object?> Consume(Answer answer, Seen seen)
        {
            seen.Add($"answer {answer.Number}");
            return ValueTask.FromResult<object?>(null);
        }
    }

    public sealed record Found(string Name);

    public static class FoundHandler
    {
        public static void Handle(Found found, Seen seen) => seen.Add($"by name {found.Name}");

        [WolverineIgnore]
        public static void Consume(Found found, Seen seen) => seen.Add("ignored");
    }

    public sealed class FoundConsumer(Seen seen) : IDisposable
    {
        public Task HandleAsync(Found found)
        {
            seen.Add($"by instance {found.Name}");
            return Task.CompletedTask;
        }

        public void Dispose() => seen.Add("disposed");
    }

    [WolverineHandler]
    public static class Finds
    {
        [WolverineHandler]
        public static IEnumerable<object> See(Found found, Seen seen)
        {
            seen.Add($"by attribute {found.Name}");
            yield return new Question(5);
        }
    }

    [WolverineIgnore]
    public static class IgnoredHandler
    {
        public static void Handle(Found found, Seen seen) => seen.Add("ignored");
    }

    public sealed record Curiosity;

    public static class Curious
    {
        public static void Handle(
            Curiosity curiosity, DateTimeOffset now, TimeProvider time, IMessageContext context,
            Envelope envelope, Seen seen, CancellationToken cancellation) =>
            seen.Add(
                $"{context.CorrelationId} {envelope.TenantId} {envelope.Headers["h"]} {now:yyyy-MM-dd} "
                + $"{cancellation.CanBeCanceled && now == time.GetUtcNow()}");
    }

    [WolverineIgnore]
    public static class AsksTooMuch
    {
        public static void Handle(Question question, ICloneable unknown) =>
            throw new InvalidOperationException();
    }

    [WolverineIgnore]
    public static class AsksForLambda
    {
        public static void Handle(Question question, IFormatProvider made) =>
            throw new InvalidOperationException();
    }

    [WolverineIgnore]
    public static class HasBefore
    {
        public static void Before(Question question) => throw new InvalidOperationException();

        public static void Handle(Question question) => throw new InvalidOperationException();
    }

    [WolverineIgnore]
    public static class HandlesInterface
    {
        public static void Handle(IDisposable something) => throw new InvalidOperationException();
    }
}
