// The quizzes at the end of notes. Without scripts they are lists with a folded answer; here each becomes a form. Which
// were answered right stays in this browser (localStorage), where it lets us keep something.
(() => {
  const KEPT = "kms-katas:quiz";
  const read = () => {
    try {
      return JSON.parse(localStorage.getItem(KEPT)) ?? {};
    } catch {
      return {};
    }
  };
  const keep = (change) => {
    try {
      localStorage.setItem(KEPT, JSON.stringify({ ...read(), ...change }));
    } catch {}
  };
  const make = (tag, properties, ...inside) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...inside);
    return made;
  };

  // One question as a form: what it says about itself, and how to begin it anew.
  const upgrade = (question, changed) => {
    const id = question.dataset.question;
    const answer = question.querySelector(".answer");
    const right = [...answer.querySelectorAll("li")].map((item) => "right" in item.dataset);
    const wanted = right.filter(Boolean).length;
    const said = make("p", { className: "said" });
    said.setAttribute("role", "status");
    const say = (words, kind = "") => {
      said.textContent = words;
      said.dataset.kind = kind;
    };

    const options = [...question.querySelectorAll(".options > li")].map((item) => {
      const input = make("input", { type: wanted > 1 ? "checkbox" : "radio", name: id });
      const mark = make("span", { className: "mark" });
      return { input, mark, label: make("label", {}, input, make("span", {}, ...item.childNodes), mark) };
    });
    const unmark = () => options.forEach(({ mark }) => (mark.textContent = mark.dataset.kind = ""));

    const check = () => {
      unmark();
      const chosen = options.filter(({ input }) => input.checked);
      if (!chosen.length || (wanted > 1 && chosen.length !== wanted)) {
        say(wanted > 1 ? `Choose ${wanted}; you chose ${chosen.length}.` : "Choose one first.");
        return;
      }
      const hits = options.filter(({ input }, place) => input.checked && right[place]).length;
      options.forEach(({ input, mark }, place) => {
        if (!input.checked) return;
        mark.dataset.kind = right[place] ? "right" : "wrong";
        mark.textContent = right[place] ? " ✓ right" : " ✗ not right";
      });
      if (hits === wanted) say("✓ Right. Why is below.", "right");
      else say(`✗ Not right${hits ? `: ${hits} of ${wanted}` : ""}. Choose again, or open the answer.`, "wrong");
      answer.open ||= hits === wanted;
      keep({ [id]: hits === wanted || read()[id] === true });
      changed();
    };

    const button = make("button", { type: "button", className: "md-button", onclick: check }, "Check");
    const asked = question.querySelector(".asked");
    const field = make("fieldset", {}, make("legend", {}, ...asked.childNodes), ...options.map(({ label }) => label));
    field.addEventListener("change", () => (unmark(), say("")));
    question.replaceChildren(field, button, said, answer);
    if (read()[id]) say("✓ You had this right before.", "right");
    return () => {
      options.forEach(({ input }) => (input.checked = false));
      unmark();
      say("");
      answer.open = false;
      keep({ [id]: undefined });
    };
  };

  const start = () => {
    for (const quiz of document.querySelectorAll(".quiz:not([data-ready])")) {
      quiz.dataset.ready = "";
      const questions = [...quiz.querySelectorAll(".question")];
      const told = make("span", {});
      told.setAttribute("role", "status");
      const tell = () => {
        const done = questions.filter(({ dataset }) => read()[dataset.question]).length;
        told.textContent = `${done} of ${questions.length} right. `;
      };
      const anew = questions.map((question) => upgrade(question, tell));
      const onclick = () => (anew.forEach((begin) => begin()), tell());
      const button = make("button", { type: "button", className: "md-button", onclick }, "Start over");
      quiz.append(make("p", { className: "sum" }, told, button));
      tell();
    }
  };
  if (window.document$) window.document$.subscribe(start);
  else document.addEventListener("DOMContentLoaded", start);
})();
