import { fork } from 'node:child_process';
import { loadCore, type Stage } from './stage.ts';

/** A program of ours on the load core that answers one question at a time. */
export interface Helper<Question, Answer> {
  ask(question: Question): Promise<Answer>;
}

interface Reply<Answer> {
  readonly answer?: Answer;
  readonly error?: string;
}

/**
 * Starts `module`, which calls {@link answerQuestions}, with messages both ways. Rejects what is asked when the
 * program ends or refuses. It ends with the stage.
 */
export function startHelper<Question extends object, Answer>(
  stage: Stage,
  module: string,
): Helper<Question, Answer> {
  const shell = 'ulimit -n "$(ulimit -Hn)"; exec "$@"';
  const child = fork(module, {
    execPath: 'taskset',
    execArgv: ['-c', String(loadCore), 'sh', '-c', shell, 'sh', process.execPath],
    serialization: 'advanced',
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  stage.onEnd(() => {
    child.kill();
    return exited;
  });
  return {
    ask(question) {
      return new Promise((resolve, reject) => {
        const onExit = (): void => reject(new Error(`${module} ended`));
        child.once('exit', onExit);
        child.once('message', (message) => {
          child.off('exit', onExit);
          const { answer, error } = message as Reply<Answer>;
          if (error === undefined) resolve(answer as Answer);
          else reject(new Error(error));
        });
        child.send(question);
      });
    },
  };
}

/** The other side: what `answer` throws is the answer too. */
export function answerQuestions(answer: (question: unknown) => Promise<unknown>): void {
  process.on('message', (question) => {
    answer(question).then(
      (value) => process.send?.({ answer: value }),
      (error: unknown) => process.send?.({ error: error instanceof Error ? error.message : String(error) }),
    );
  });
  process.once('disconnect', () => process.exit());
}
